"""The kinds of sidecars: each module has a ``READER``, and a new one needs no other change."""

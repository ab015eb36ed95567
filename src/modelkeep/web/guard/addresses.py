"""``inside``: addresses of this server alone."""

from __future__ import annotations


def inside(wanted: str) -> str:
    """Return an address of this server: a link must not lead elsewhere by way of the login.

    Args:
        wanted: A path, with a query or without; what is none is replaced by ``/``.
    """
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    is_plain = wanted.isascii() and wanted.isprintable() and not {" ", "\\"} & set(wanted)
    return wanted if is_path and is_plain else "/"

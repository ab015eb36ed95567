"""Metadata of sites for models in the library, looked up by file hash."""

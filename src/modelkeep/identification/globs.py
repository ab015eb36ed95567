"""Globs that are matched in linear time."""

from __future__ import annotations


def glob_matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` (``*`` is any text) matches all of ``text``, in linear time."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return position <= end

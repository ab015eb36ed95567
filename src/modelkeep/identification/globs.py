"""Globs that are matched in linear time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def glob_matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` (``*`` is any text) matches all of ``text``, in linear time."""
    return any(True for _ in glob_filter(pattern, (text,)))


def glob_filter(pattern: str, texts: Iterable[str]) -> Iterator[str]:
    """Return which texts match all of ``pattern`` (``*`` is any text), each in linear time."""
    first, *rest = pattern.split("*")
    if not rest:
        yield from (text for text in texts if text == pattern)
        return
    *middle, last = rest
    for text in texts:
        if not text.startswith(first) or not text.endswith(last):
            continue
        position, end = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, position, end)
            if found < 0:
                break
            position = found + len(piece)
        else:
            if position <= end:
                yield text

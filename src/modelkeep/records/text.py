"""Text normalised to words for comparison."""

from __future__ import annotations

import re
import unicodedata

#: Parts of words that are written together, as in ``harbourLightsXL``.
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_SHORTEST_PART = 2
_ASCII_WORD = re.compile("[0-9a-z]+")


def fold_words(text: str) -> list[str]:
    """Return the words of a text without case and accents, in their order.

    Everything that is no letter, digit or mark separates words: ``_``, ``-`` and ``.`` too.
    Characters of scripts without spaces count as letters.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    marks = [mark for mark in apart if unicodedata.category(mark)[0] != "M"]
    return "".join(mark if mark.isalnum() else " " for mark in marks).split()


def indexed_words(text: str) -> list[str]:
    """Return the words by which a text is found: its own, then parts of those written together.

    ``harbourLightsXL_v20`` is found by ``harbourlights``, ``v20``, ``lights`` and ``xl``.
    """
    words = fold_words(text)
    parts = [part for run in re.findall(r"[A-Za-z]+", text) for part in _parts(run)]
    return [*words, *(part for part in dict.fromkeys(parts) if part not in words)]


def _parts(run: str) -> list[str]:
    found = _PARTS.findall(run)
    if len(found) < 2:  # noqa: PLR2004 - it is one word
        return []
    return [part.lower() for part in found if len(part) >= _SHORTEST_PART]

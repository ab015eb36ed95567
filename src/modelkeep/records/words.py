"""Text as words that are compared: what two spellings of the same words share."""

from __future__ import annotations

import unicodedata


def fold_words(text: str) -> list[str]:
    """Return the words of a text without case and accents, in their order.

    Everything that is no letter, digit or mark separates words: ``_``, ``-`` and ``.`` too.
    Characters of scripts without spaces count as letters.
    """
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    marks = [mark for mark in apart if unicodedata.category(mark)[0] != "M"]
    return "".join(mark if mark.isalnum() else " " for mark in marks).split()

"""Commands in messages: as a shell takes them, whatever is in the names of files."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def command(*words: str | Path) -> str:
    """Return a command of this program for people to type or paste.

    Args:
        words: What comes after the program's name; paths below home begin with ``~``.
    """
    return " ".join(["modelkeep", *map(quoted, words)])


def quoted(word: str | Path) -> str:
    """Return a word as a shell needs it, quoted where that is necessary."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - raises nothing without a home
    if isinstance(word, Path) and home in word.parents and home != Path("/"):
        return f"~/{_quoted(os.fspath(word.relative_to(home)))}"
    return _quoted(os.fspath(word))


def _quoted(text: str) -> str:
    if text.isprintable():
        return shlex.quote(text)
    # Only these quotes can hold control characters and bytes that are no text.
    return f"$'{''.join(map(_escaped, os.fsencode(text)))}'"


def _escaped(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isprintable() and char not in "'\\" else f"\\x{byte:02x}"

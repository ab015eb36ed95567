"""Which files hold weights, and which of them are still on their way."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

from modelkeep.core.weight_names import ANY_MODEL_SUFFIXES

#: Browsers and download managers write under such a name until all is there.
_UNFINISHED = frozenset(
    {".incomplete", ".part", ".partial", ".crdownload", ".aria2", ".tmp"}
    | {".download", ".downloading"}
)
#: Lies beside a file for as long as aria2 fills its holes.
_CONTROL = ".aria2"


def is_unfinished(name: str, siblings: Collection[str]) -> bool:
    """Return whether a file is an unfinished download, to be left alone.

    Args:
        name: The file's name, without folders.
        siblings: Names of all files of its folder; a set makes this fast.
    """
    return PurePath(name).suffix.lower() in _UNFINISHED or f"{name}{_CONTROL}" in siblings


def weight_suffix(name: str) -> str:
    """Return the suffix, in lower case, of a name that may hold weights, else an empty string."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in ANY_MODEL_SUFFIXES else ""

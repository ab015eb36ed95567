"""Which files hold weights, and which of them are still on their way."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path, PurePath

from modelkeep.core.weight_names import ANY_MODEL_SUFFIXES

#: Browsers and download managers write under such a name until all is there.
_UNFINISHED = frozenset(
    {".incomplete", ".part", ".partial", ".crdownload", ".opdownload", ".download", ".downloading"}
    | {".aria2", ".filepart", ".fdmdownload", ".dtapart", ".xltd", ".!qb", ".!ut", ".bc!", ".tmp"}
)
#: Where ``hf download --local-dir`` keeps the bytes of files that are not complete.
_HUB_DOWNLOADS = ".cache/huggingface/download/**/*.incomplete"
#: Behind the name of a file these lie beside it for as long as it is filled.
_BESIDE = (*_UNFINISHED, ".st", ".lftp-pget-status", ".ytdl", ".part.json")


def is_unfinished(name: str, siblings: Collection[str]) -> bool:
    """Return whether a file is an unfinished download, to be left alone.

    Args:
        name: The file's name, without folders.
        siblings: Names of all files of its folder; a frozenset makes this fast.
    """
    return _is_partial(name) or name in _with_marks(frozenset(siblings))


def mark_beside(path: Path) -> Path | None:
    """Return the file that says of a file that it is an unfinished download; itself, or one beside.

    Args:
        path: A file.
    """
    if _is_partial(path.name):
        return path
    try:
        names = sorted(each.name for each in path.parent.iterdir())
    except OSError:  # it may be passed, not listed
        return None
    begin = len(path.name)
    marks = (n for n in names if n.startswith(f"{path.name}.") and n[begin:].lower() in _BESIDE)
    return next((path.with_name(name) for name in marks), None)


def mark_in(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the file that says of a model folder that it is an unfinished download.

    Args:
        folder: The folder.
        names: All of its files, by their places in it.
    """
    first = _first_unfinished(names)
    if first is not None:
        return mark_beside(folder / first)
    return next(iter(sorted(folder.glob(_HUB_DOWNLOADS))), None)


def _first_unfinished(names: Iterable[str]) -> str | None:
    """Return a file of a model folder that is still on its way, if there is one.

    Args:
        names: All files of the folder, by their places in it.
    """
    by_folder: dict[Path, set[str]] = {}
    for name in names:
        path = Path(name)
        by_folder.setdefault(path.parent, set()).add(path.name)
    for folder, found in by_folder.items():
        inside = frozenset(found)
        for name in sorted(inside):
            if is_unfinished(name, inside) and not name.endswith((".tmp", ".aria2")):
                return os.fspath(folder / name)
    return None


def _is_partial(name: str) -> bool:
    return PurePath(name).suffix.lower() in _UNFINISHED


@lru_cache(maxsize=8)
def _with_marks(siblings: frozenset[str]) -> frozenset[str]:
    """Return the names that have beside them what says that they are being filled."""
    marks = (name for name in siblings if name.lower().endswith(_BESIDE))
    return frozenset(
        name[: -len(mark)] for name in marks for mark in _BESIDE if name.lower().endswith(mark)
    )


def weight_suffix(name: str) -> str:
    """Return the suffix, in lower case, of a name that may hold weights, else an empty string."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in ANY_MODEL_SUFFIXES else ""

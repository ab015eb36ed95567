"""Drafts: unfinished files of ``paths.write_file`` whose process was killed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from modelkeep.disk import paths

#: Names of unfinished files; ``upgrade`` are those of databases.
DRAFT = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)\.(new|upgrade)(-wal|-shm|-journal)?")


def is_left(name: str) -> bool:
    """Tell whether a file of this name is a draft that no other process is writing.

    The calling process is not writing it either.
    """
    found = DRAFT.fullmatch(name)
    return found is not None and not _is_running(int(found["process"]))


def drop_drafts(files: Sequence[Path], alone: Callable[[], AbstractContextManager[object]]) -> None:
    """Remove the drafts that are left of some files in one folder, where that may be changed.

    Args:
        files: The files; they need not be there.
        alone: Keeps those out who write them. It is only used when there is something to remove.
    """
    folder, names = files[0].parent, {file.name for file in files}
    if _drafts(folder, names) and paths.is_writable(folder):
        with alone():
            for draft in _drafts(folder, names):
                paths.remove_file(draft)


def _drafts(folder: Path, names: set[str]) -> list[Path]:
    try:
        there = list(folder.iterdir())
    except FileNotFoundError:
        return []
    return [
        path
        for path in there
        if (found := DRAFT.fullmatch(path.name)) and found["name"] in names and is_left(path.name)
    ]


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's, or no process at all
        return True
    return process != os.getpid()

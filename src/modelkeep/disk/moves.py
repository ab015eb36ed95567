"""Moves: renames that can be done, resumed and undone after a crash at any step."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from modelkeep.disk import paths


@dataclass(frozen=True, slots=True)
class Move:
    """One rename to be done within one file system.

    Attributes:
        source: Where the file or folder is.
        target: The target; it does not exist when the move is planned.
        inode: Its number, so that whatever else lies at either place is left alone.
    """

    source: Path
    target: Path
    inode: int

    @classmethod
    def plan(cls, source: Path, target: Path) -> Self:
        """Plan to move what is at ``source`` now."""
        return cls(source, target, source.lstat().st_ino)


def do(moves: Iterable[Move]) -> None:
    """Do the moves in order, skipping those already done.

    Raises:
        DuplicateModelException: something else lies at a target.
    """
    for move in moves:
        if not _is(move.target, move.inode):
            _drop_reservation(move.target)
        _carry(move.source, move.target, move.inode)


def undo(moves: Sequence[Move]) -> None:
    """Undo the moves, the last first, skipping those never done."""
    for move in reversed(moves):
        _carry(move.target, move.source, move.inode)
        if not _is(move.target, move.inode):
            _drop_reservation(move.target)


def is_done(move: Move) -> bool:
    """Tell whether the target holds what was to be moved."""
    return _is(move.target, move.inode)


def _carry(source: Path, target: Path, inode: int) -> None:
    if not _is(source, inode):
        return
    if _is(target, inode):  # interrupted between creating the new name and removing the old one
        paths.remove_file(source)
    else:
        paths.publish(source, target)


def _drop_reservation(path: Path) -> None:
    """Remove the empty folder or file with which ``publish`` reserved a name before a crash."""
    with suppress(FileNotFoundError, NotADirectoryError):
        there = path.lstat()
        if stat.S_ISDIR(there.st_mode) and not any(path.iterdir()):
            paths.remove_empty_folders(path, path.parent)
        elif stat.S_ISREG(there.st_mode) and (there.st_size, there.st_mode & 0o777) == (0, 0o600):
            paths.remove_file(path)


def _is(path: Path, inode: int) -> bool:
    try:
        return path.lstat().st_ino == inode
    except (FileNotFoundError, NotADirectoryError):
        return False

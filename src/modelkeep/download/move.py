"""Moving a local file or folder as safely as an install."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from modelkeep.core.hashing import Progress, only_stopping, stop_when
from modelkeep.core.names import is_inside, shown
from modelkeep.disk import paths
from modelkeep.disk.filesystems import can_rename
from modelkeep.errors import (
    DuplicateModelException,
    SourceChangedError,
    SourceNotFoundError,
    TargetTakenError,
    UnsupportedSourceError,
    UsageError,
)

Report = Callable[[int, int], None]


def move(source: Path, dest: Path, report: Report, is_cancelled: Callable[[], bool]) -> Path:
    """Move a file or folder, and return where it is now; nothing is overwritten.

    On one file system it is renamed. Else it is copied, the copy is read back and compared, and
    the source goes last.

    Args:
        source: What to move.
        dest: The folder that it goes into, if there is one of that name; else its new name.
        report: Told of the bytes moved so far and of all.
        is_cancelled: Asked between pieces.

    Raises:
        SourceNotFoundError: there is no such file or folder.
        TargetTakenError: the name is taken.
        UnsupportedSourceError: it has to be copied and holds links, pipes or the like.
        UsageError: a folder would go into itself.
        JobCancelledError: ``is_cancelled`` said so; everything is as it was.
    """
    if not os.path.lexists(source):
        raise SourceNotFoundError(f"{shown(source)} does not exist", hint="Check the path.")
    target = dest / source.name if dest.is_dir() else dest
    if os.path.lexists(target):
        raise _taken(target)
    if is_inside(target, source):
        raise UsageError(f"{shown(source)} cannot be moved into itself", hint="Name another place.")
    paths.make_folder(target.parent)
    try:
        if can_rename(source, target.parent):
            paths.publish(source, target)
        else:
            _carry_over(source, target, report, is_cancelled)
    except DuplicateModelException as error:
        raise _taken(target) from error
    return target


def _carry_over(
    source: Path, target: Path, report: Report, is_cancelled: Callable[[], bool]
) -> None:
    staging = target.parent / f".modelkeep-move-{os.getpid()}-{source.lstat().st_ino:x}"
    staged = staging / target.name
    names = _names(source)
    _refuse_odd(names.values())
    total = sum(path.stat().st_size for path in names.values())
    done = 0

    def count(piece: int) -> None:
        nonlocal done
        done += piece
        report(done, total)

    progress = stop_when(is_cancelled, count)
    try:
        paths.make_own_folder(staging)
        stamps = {name: _stamp(path) for name, path in names.items()}
        for name, path in names.items():
            _copy(path, staged / name if name else staged, progress)
        paths.sync_folders(staging)
        if {name: _stamp(path) for name, path in names.items()} != stamps or names != _names(
            source
        ):
            raise SourceChangedError(
                f"{shown(source)} changed while it was being moved",
                hint="Wait until the program writing it is done, then try again.",
            )
        progress(0)  # the last moment to stop
        paths.publish(staged, target)
    finally:
        paths.remove_tree(staging, staging.parent)
    for path in names.values():
        paths.remove_file(path)
    if source.is_dir():
        for folder in sorted((p for p in source.rglob("*") if p.is_dir()), reverse=True):
            paths.remove_empty_folders(folder, source)
        paths.remove_empty_folders(source, source.parent)


def _copy(source: Path, target: Path, progress: Progress) -> None:
    paths.make_folder(target.parent)
    digest = paths.copy_file(source, target, progress)
    paths.verify_copy(target, digest, only_stopping(progress))


def _names(source: Path) -> dict[str, Path]:
    """Return the files of a source by their names below it; the empty name is the source."""
    if not stat.S_ISDIR(source.lstat().st_mode):
        return {"": source}
    found = sorted(
        Path(folder, name)
        for folder, folders, files in os.walk(source)
        for name in (*files, *(each for each in folders if Path(folder, each).is_symlink()))
    )
    return {os.path.relpath(path, source): path for path in found}


def _refuse_odd(paths_: Iterable[Path]) -> None:
    for path in paths_:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UnsupportedSourceError(
                f"{shown(path)} is a link or no regular file, and cannot be moved to another disk",
                hint="Move its target or move it away first.",
            )


def _stamp(path: Path) -> tuple[int, int, int]:
    there = path.stat()
    return there.st_size, there.st_mtime_ns, there.st_ino


def _taken(target: Path) -> TargetTakenError:
    return TargetTakenError(
        f"{shown(target)} already exists", hint="Choose another name or remove it first."
    )

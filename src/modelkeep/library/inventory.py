"""The files of a local source, listed once for planning and installing."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import walk
from modelkeep.core.names import safe_name
from modelkeep.core.reading import open_regular, unreadable
from modelkeep.disk.paths import allocated_bytes


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    Attributes:
        path: Where it is.
        name: Its place below the model's folder, in names that every system takes; the empty
            string for a model of one file.
        size: Bytes.
        allocated: Bytes that a copy needs; fewer than ``size`` for sparse files.
        mtime_ns, inode: To notice whether it was changed since.
    """

    path: Path
    name: str
    size: int
    allocated: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path, name: str) -> SourceFile:
        """Look at one file.

        Raises:
            SourceNotFoundError, UnreadableSourceError: it cannot be read.
        """
        os.close(open_regular(path))
        there = path.stat()
        return cls(
            path, name, there.st_size, allocated_bytes(path), there.st_mtime_ns, there.st_ino
        )


def list_files(source: Path) -> tuple[SourceFile, ...]:
    """Return all files of a model, sorted by name.

    Raises:
        SourceNotFoundError, UnreadableSourceError: something cannot be read.
        CorruptModelError: more files or deeper folders than a model has.
    """
    try:
        is_folder = stat.S_ISDIR(source.stat().st_mode)
    except OSError as error:
        raise unreadable(source, error) from error
    if not is_folder:
        return (SourceFile.of(source, ""),)
    files = [SourceFile.of(source / f.path, _portable(f.path)) for f in walk.list_files(source)]
    return tuple(sorted(files, key=lambda file: file.name))


def _portable(name: str) -> str:
    """Keep ordinary names as they are: other files of the folder may refer to them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "/".join(safe_name(part) for part in name.split("/"))
    return name

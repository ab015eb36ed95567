"""The files of a local source, listed once, with links to files followed and loops refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.names import safe_name, shown
from modelkeep.core.paths import allocated_bytes
from modelkeep.core.reading import open_regular, unreadable
from modelkeep.errors import CorruptModelError, UnreadableSourceError

#: What version control, caches and desktops leave in folders; no part of a model.
_IGNORED = frozenset({".git", ".gitattributes", ".cache", "__pycache__", ".DS_Store"})


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
        CorruptModelError: more files or a deeper folder than a model has.
    """
    try:
        is_folder = stat.S_ISDIR(source.stat().st_mode)
    except OSError as error:
        raise unreadable(source, error) from error
    if not is_folder:
        return (SourceFile.of(source, ""),)
    files: list[SourceFile] = []
    for path, name in _walk(source, "", frozenset()):
        files.append(SourceFile.of(path, name))
        if len(files) > limits.FOLDER_FILES:
            raise CorruptModelError(
                f"{shown(source)} holds more than {limits.FOLDER_FILES:,} files",
                hint="Name the folder of one model.",
            )
    return tuple(sorted(files, key=lambda file: file.name))


def _walk(folder: Path, prefix: str, above: frozenset[int]) -> Iterator[tuple[Path, str]]:
    try:
        here = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise unreadable(folder, error) from error
    if here.st_ino in above or len(above) >= limits.FOLDER_DEPTH:
        raise UnreadableSourceError(
            f"{shown(folder)} leads back into itself or is too deep",
            hint="Remove the link that makes the loop.",
        )
    for entry in entries:
        if entry.name in _IGNORED:
            continue
        name = f"{prefix}{_portable(entry.name)}"
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            raise unreadable(Path(entry.path), error) from error
        if is_folder:
            yield from _walk(Path(entry.path), f"{name}/", above | {here.st_ino})
        else:
            yield Path(entry.path), name


def _portable(name: str) -> str:
    """Keep ordinary names as they are: other files of the folder may refer to them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return safe_name(name)
    return name

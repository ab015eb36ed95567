"""Listing a model folder: bounded, without following links out of it or round in circles."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.reading import printable, unreadable
from modelkeep.errors import CorruptModelError, UnreadableSourceError

#: Folders of tools, which are no part of a model.
_SKIPPED = frozenset({".git", ".cache", ".huggingface", "__pycache__"})


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One file of a folder.

    Attributes:
        path: Relative to the folder, with ``/`` between the parts.
        size: Bytes.
    """

    path: str
    size: int


@dataclass(slots=True)
class _Walk:
    root: Path
    real_root: str
    files: list[FolderFile] = field(default_factory=list)
    visited: set[tuple[int, int]] = field(default_factory=set)

    def enter(self, folder: Path, relative: str, above: tuple[tuple[int, int], ...]) -> None:
        """List one folder; ``above`` identifies the folders that it is in."""
        here = _identity(folder)
        if here in above:
            raise UnreadableSourceError(
                f"{printable(folder)} is a link back to a parent folder",
                hint="Remove the link or choose a folder without it.",
            )
        if len(above) > limits.FOLDER_DEPTH:
            raise CorruptModelError(
                f"{printable(folder)} is more than {limits.FOLDER_DEPTH} folders deep",
                hint="Name the folder of the model itself.",
            )
        if here in self.visited:
            return
        self.visited.add(here)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise unreadable(folder, error) from error
        for entry in found:
            self.take(entry, f"{relative}{entry.name}", (*above, here))

    def take(
        self, entry: os.DirEntry[str], relative: str, above: tuple[tuple[int, int], ...]
    ) -> None:
        """Take one entry of a folder."""
        path = Path(entry.path)
        try:
            status = entry.stat()
        except OSError as error:
            if entry.is_symlink():
                raise UnreadableSourceError(
                    f"{printable(path)} is a broken link",
                    hint="Restore its target or remove the link.",
                ) from error
            raise unreadable(path, error) from error
        if stat.S_ISDIR(status.st_mode):
            if entry.name in _SKIPPED:
                return
            if entry.is_symlink():
                self.refuse_outside(path)
            self.enter(path, f"{relative}/", above)
        elif stat.S_ISREG(status.st_mode):
            self.files.append(FolderFile(relative, status.st_size))
            self.refuse_too_many()
        else:
            raise UnreadableSourceError(
                f"{printable(path)} is neither a file nor a folder",
                hint="Remove it from the model's folder.",
            )

    def refuse_outside(self, path: Path) -> None:
        target = os.path.realpath(path)
        if os.path.commonpath([target, self.real_root]) != self.real_root:
            raise UnreadableSourceError(
                f"{printable(path)} is a link to the folder {printable(target)},"
                " outside of the model",
                hint="Move that folder into the model's folder or remove the link.",
            )

    def refuse_too_many(self) -> None:
        if len(self.files) > limits.FOLDER_FILES:
            raise CorruptModelError(
                f"{printable(self.root)} holds more than {limits.FOLDER_FILES:,} files",
                hint="Name the folder of one model, not a folder of models.",
            )


def list_files(root: Path) -> tuple[FolderFile, ...]:
    """Return every file under ``root``, sorted by path.

    Links to files are followed wherever they lead (caches are made of them); links to folders
    only within ``root`` and never twice into the same folder.

    Raises:
        CorruptModelError: there are too many files or folders.
        UnreadableSourceError: something may not be read, is neither file nor folder, or a link
            leads in a circle, nowhere or to a folder outside.
        SourceNotFoundError: a folder vanished.
    """
    walk = _Walk(root, os.path.realpath(root))
    walk.enter(root, "", ())
    return tuple(sorted(walk.files, key=lambda file: file.path))


def _identity(folder: Path) -> tuple[int, int]:
    try:
        status = folder.stat()
    except OSError as error:
        raise unreadable(folder, error) from error
    return status.st_dev, status.st_ino

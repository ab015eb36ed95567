"""``Tree``: the files of a model folder, wherever they lie."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from modelkeep.core.reading import LocalFile, ReadAt
from modelkeep.core.walk import FolderFile, list_files


class Tree(Protocol):
    """What a folder holds, and how it is read: a folder on the disk and a remote one look alike."""

    @property
    def files(self) -> tuple[FolderFile, ...]:
        """Every file, sorted by path."""
        ...

    def reading(self, path: str) -> AbstractContextManager[ReadAt]:
        """Open one of the files.

        Raises:
            SourceError: it cannot be read.
        """
        ...


class LocalTree:
    """A folder on the disk.

    Raises:
        CorruptModelError: more files or deeper folders than a model has.
        UnreadableSourceError: something in the folder is not a file, or leads out of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.files: tuple[FolderFile, ...] = list_files(path)

    def reading(self, path: str) -> AbstractContextManager[ReadAt]:
        """Open one of the files; see ``Tree``."""
        return LocalFile(self._path / path)

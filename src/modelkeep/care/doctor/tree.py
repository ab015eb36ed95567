"""``ModelsTree``: the contents of ``models_dir``, listed once for all checks."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class ModelsTree:
    """Files and folders below ``models_dir``, without those of the program.

    Attributes:
        top: ``models_dir``.
        files: Files and links, with their size in bytes.
        folders: Real folders, each after those it lies in.
        closed: Folders that cannot be listed, and why.
    """

    top: Path
    files: dict[Path, int] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)
    closed: dict[Path, str] = field(default_factory=dict)

    @classmethod
    def of(cls, top: Path) -> Self:
        """List a folder; one that is not there is empty."""
        tree = cls(top)
        if top.is_dir():
            tree.enter(top)
        return tree

    def enter(self, start: Path) -> None:
        """List one folder and those below it; no link is followed."""
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                self.closed[folder] = error.strerror or str(error)
                continue
            for entry in entries:
                if folder == self.top and entry.name.startswith("."):
                    continue  # staging, trash and what other programs keep there
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    self.folders.append(path)
                    waiting.append(path)
                else:
                    self.files[path] = _size(entry)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0

"""``KnownFiles``: which files the library has, asked once and not for each candidate."""

from __future__ import annotations

import os
from pathlib import Path

from modelkeep.library.library import Library
from modelkeep.records.listing import RecordFilter


class KnownFiles:
    """Where every recorded file is. It grows with the library, by about 400 bytes a file."""

    def __init__(self, library: Library) -> None:
        self._by_path: dict[str, str] = {}
        self._by_inode: dict[int, str] = {}
        keys = set[str]()
        for key, file in library.records.each_file():
            place = library.find(file)
            if place is None:  # in a root that is not registered
                keys.add(key)
                continue
            path = os.fspath(place)
            self._by_path[path] = key
            self._by_inode[file.inode] = path
        keys.update(self._by_path.values())
        if library.records.count(RecordFilter()) > len(keys):
            # Programs that add configs on their own say nothing of files.
            for config in library.records.each(RecordFilter()):
                place = library.find(config)
                if config.key not in keys and place is not None:
                    self._by_path[os.fspath(place)] = config.key

    def add(self, key: str, path: Path, inode: int) -> None:
        """Add a file that was recorded since."""
        text = os.fspath(path)
        self._by_path[text] = key
        self._by_inode[inode] = text

    def move(self, old: Path, key: str, new: Path, inode: int) -> None:
        """Update where a recorded file is."""
        self._by_path.pop(os.fspath(old), None)
        self.add(key, new, inode)

    def at(self, path: Path) -> str | None:
        """Return the key of the record with a file at exactly this path."""
        return self._by_path.get(os.fspath(path))

    def find(self, path: Path, status: os.stat_result) -> str | None:
        """Return the key of the record that has this file, under this name or another."""
        if (key := self.at(path)) is not None:
            return key
        other = self._by_inode.get(status.st_ino)
        if other is None:
            return None
        try:
            is_same = os.path.samestat(Path(other).stat(), status)
        except OSError:
            return None
        return self._by_path[other] if is_same else None

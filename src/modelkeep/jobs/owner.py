"""``Owner``: which process has a job, and whether it still lives."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from modelkeep.core.paths import make_folder, remove_file


class Owner:
    """A living process, known by a lock that the system frees when it dies.

    Attributes:
        name: What jobs and journal entries call it.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.name = uuid.uuid4().hex
        self._folder = folder
        self._lock = FileLock(_lock_path(folder, self.name), is_singleton=False)
        self._lock.acquire(blocking=False)

    def is_alive(self, name: str) -> bool:
        """Tell whether the owner called ``name`` still lives; a dead one's lock is removed."""
        if name == self.name:
            return True
        path = _lock_path(self._folder, name)
        if not path.exists():
            return False
        probe = FileLock(path, is_singleton=False)
        try:
            probe.acquire(blocking=False)
        except Timeout:
            return True
        remove_file(path)
        probe.release()
        return False

    def release(self) -> None:
        """Stop being alive."""
        with suppress(OSError):
            remove_file(_lock_path(self._folder, self.name))
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def _lock_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"

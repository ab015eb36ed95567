"""``Owner``: which process has a job, and whether it still lives."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from modelkeep.disk.paths import changing, make_folder, remove_file

_WAIT_SECONDS = 0.1


class Owner:
    """A living process, known by a lock that the system frees when it dies.

    Attributes:
        name: What jobs and journal entries call it.

    Raises:
        StorageError: the lock cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.name = uuid.uuid4().hex
        self._folder = folder
        path = _lock_path(folder, self.name)
        self._lock = FileLock(path, is_singleton=False)
        with changing(path):
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


class Onlooker:
    """A process that has no jobs and leaves no traces.

    Attributes:
        name: What it would be called.
    """

    def __init__(self, folder: Path) -> None:
        self.name = uuid.uuid4().hex
        self._folder = folder

    def is_alive(self, name: str) -> bool:
        """Tell whether the owner called ``name`` still lives, as far as can be seen."""
        return is_held(_lock_path(self._folder, name))

    def release(self) -> None:
        """Do nothing."""


def is_held(lock: Path) -> bool:
    """Tell whether a process holds a lock file, leaving it as it is."""
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


@contextmanager
def locked(path: Path, meanwhile: Callable[[], None] | None = None) -> Iterator[None]:
    """Keep other processes out of what is done meanwhile; waits for them first.

    Args:
        path: The lock file; it stays when the lock is given back.
        meanwhile: Called several times a second while waiting; may raise to give up.

    Raises:
        StorageError: the lock cannot be made.
    """
    lock = FileLock(path, is_singleton=False)
    with changing(path):
        while True:
            try:
                lock.acquire(timeout=_WAIT_SECONDS if meanwhile else -1)
            except Timeout:
                if meanwhile:
                    meanwhile()
            else:
                break
    try:
        yield
    finally:
        lock.release()


def _lock_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"

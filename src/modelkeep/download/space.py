"""``SpaceClaims``: what the running downloads of a queue will still take from each disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from modelkeep.download.job import DownloadJobBase


class Claimant(Protocol):
    """Something that is writing a file."""

    @property
    def expected_bytes(self) -> int:
        """Bytes that it will still take from the free space, as far as is known."""
        ...


class SpaceClaims:
    """Keeps account of downloads that run at once, so that they leave each other room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[DownloadJobBase, Claimant] = {}

    @contextmanager
    def claimed(self, job: DownloadJobBase, claimant: Claimant) -> Iterator[None]:
        """Count what ``claimant`` will write for ``job`` meanwhile."""
        with self._lock:
            self._running[job] = claimant
        try:
            yield
        finally:
            with self._lock:
                del self._running[job]

    def spoken_for(self, target: Path, own: DownloadJobBase) -> int:
        """Return the bytes that the other jobs will still write to the disk of ``target``."""
        with self._lock:
            others = [pair for pair in self._running.items() if pair[0] is not own]
        disk = _disk(target)
        return sum(
            claimant.expected_bytes
            for job, claimant in others
            if _disk(job.download_path or job.dest) == disk
        )


def _disk(path: Path) -> int | None:
    """Return which file system a path will lie on; None where nothing around it is there."""
    for folder in (path, *path.parents):
        try:
            return folder.stat().st_dev
        except OSError:
            continue
    return None

"""Where a queue's jobs are written down, and the store of a queue that writes nothing down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from modelkeep.download.job import DownloadJobBase
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.wishes import JobWish


class JobStore(Protocol):
    """Knows the jobs of a queue also when the queue is gone.

    Attributes:
        outlives: What is stored is there in the next run too.
    """

    outlives: bool

    def add(self, job: DownloadJobBase, status: str) -> int:
        """Store a new job and return its number."""
        ...

    def note(self, job: DownloadJobBase, status: str | None = None) -> None:
        """Remember that a job changed; ``status`` is what to store where it is not the job's."""
        ...

    def note_progress(self, jobs: Iterable[DownloadJobBase]) -> None:
        """Remember how far jobs are, now and then."""
        ...

    def flush(self) -> None:
        """Write what changed; what cannot be written now is tried again later."""
        ...

    def put_down(self) -> None:
        """Let whoever comes next have the jobs that have not ended."""
        ...

    def forget(self, numbers: list[int]) -> None:
        """Remove jobs from the list."""
        ...

    def left_behind(self) -> list[JobRow]:
        """Return the jobs that have not ended and that nobody has."""
        ...

    def claim(self, row: JobRow, status: str) -> bool:
        """Make a job ours; of several processes that try, one gets it."""
        ...

    def wishes(self) -> dict[int, JobWish]:
        """Return what other processes wish of our jobs."""
        ...

    def obeyed(self, number: int, wanted: JobWish) -> None:
        """Cross out a wish."""
        ...


class Unstored:
    """Gives jobs their numbers, from 0 on, and forgets them with the queue."""

    outlives = False

    def __init__(self) -> None:
        self._next = 0

    def add(self, job: DownloadJobBase, status: str) -> int:
        """Return the next number."""
        del job, status
        number, self._next = self._next, self._next + 1
        return number

    def note(self, job: DownloadJobBase, status: str | None = None) -> None:
        """Do nothing."""

    def note_progress(self, jobs: Iterable[DownloadJobBase]) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def put_down(self) -> None:
        """Do nothing."""

    def forget(self, numbers: list[int]) -> None:
        """Do nothing."""

    def left_behind(self) -> list[JobRow]:
        """Return nothing."""
        return []

    def claim(self, row: JobRow, status: str) -> bool:
        """Refuse."""
        del row, status
        return False

    def wishes(self) -> dict[int, JobWish]:
        """Return nothing."""
        return {}

    def obeyed(self, number: int, wanted: JobWish) -> None:
        """Do nothing."""

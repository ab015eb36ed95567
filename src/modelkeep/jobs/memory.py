"""``MemoryJobs``: the jobs of one process alone, which forgets them when it ends."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modelkeep.errors import UnknownJobIDException
from modelkeep.jobs.rows import JobChange, JobRow, NewJob
from modelkeep.jobs.states import OPEN, JobState, Request

_OWNER = "this process"


class MemoryJobs:
    """A ``JobStore`` in memory, for work that no later run continues.

    Reading and writing one row takes no lock: threads that end small jobs would wait for it.

    Args:
        first: Number of the first job.
    """

    outlives = False

    def __init__(self, first: int = 0) -> None:
        self._numbers = itertools.count(first)
        self._rows: dict[int, JobRow] = {}
        #: The last change of each: a row is made of it when it is asked for, which is seldom.
        self._changes: dict[int, JobChange] = {}
        self._claiming = threading.Lock()

    def add(self, job: NewJob, *, unowned: bool = False) -> int:
        """Store a job and return its number."""
        now = time.time()
        owner = "" if unowned else _OWNER
        number = next(self._numbers)
        self._rows[number] = JobRow(
            number, job.kind, job.source, job.status, owner, None, job.details, None, None,
            None, 0, 0, now, now, None, None,
        )  # fmt: skip
        return number

    def get(self, number: int) -> JobRow:
        """Return one job.

        Raises:
            UnknownJobIDException: there is none with this number.
        """
        row = self._row(number)
        if row is None:
            raise UnknownJobIDException(f"No job {number}", hint="Submit it first.")
        return row

    def _row(self, number: int) -> JobRow | None:
        row, change = self._rows.get(number), self._changes.get(number)
        columns: Any = change.columns() if change is not None else {}
        return replace(row, **columns) if row is not None else None

    def all(self, kind: str | None = None) -> list[JobRow]:
        """Return all jobs, or those of one kind, the oldest first."""
        rows = map(self._row, list(self._rows))
        return [row for row in rows if row is not None and kind in {None, row.kind}]

    def unended(self, kind: str, source: str | None = None) -> list[JobRow]:
        """Return the jobs of a kind, and of a source if one is given, that have not ended."""
        rows = self.all(kind)
        return [row for row in rows if row.ended_at is None and source in {None, row.source}]

    def count_open(self) -> int:
        """Return how many jobs wait or run."""
        return sum(row.status in OPEN for row in self.all())

    def is_mine(self, row: JobRow) -> bool:
        """Tell whether a job belongs to this process."""
        return row.owner == _OWNER

    def is_abandoned(self, row: JobRow) -> bool:
        """Tell whether a job has no owner."""
        return not row.owner

    def claim(self, row: JobRow, status: JobState) -> bool:
        """Make a job ours if it is still as in ``row``."""
        with self._claiming:
            now = self._row(row.id)
            if now is None or (now.owner, now.status) != (row.owner, row.status):
                return False
            self._rows[row.id] = replace(
                now, owner=_OWNER, status=status, request=None, ended_at=None,
                error_type=None, error=None, hint=None,
            )  # fmt: skip
            self._changes.pop(row.id, None)
            return True

    def beat(self, changes: Mapping[int, JobChange]) -> None:
        """Write how jobs go."""
        self._changes.update(changes)

    def finish(self, row: JobRow, change: JobChange) -> bool:
        """Leave jobs of others alone: there are none."""
        del row, change
        return False

    def request(self, number: int, wanted: Request) -> None:
        """Do nothing: only this process can make requests."""

    def requests(self) -> dict[int, Request]:
        """Return nothing, as above."""
        return {}

    def fulfil(self, number: int, wanted: Request) -> None:
        """Do nothing, as above."""

    def release(self) -> None:
        """Keep the jobs: no other process can take them."""

    def remove(self, numbers: list[int]) -> int:
        """Remove jobs; return how many were there."""
        for number in numbers:
            self._changes.pop(number, None)
        return sum(self._rows.pop(number, None) is not None for number in numbers)

    def close(self) -> None:
        """Do nothing."""

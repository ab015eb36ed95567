"""``StoredJobs``: the jobs of a queue in the state file, for later runs and for other processes."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from modelkeep.download.job import DownloadJobBase
from modelkeep.download.job_rows import (
    details_of,
    is_same_errand,
    path_in,
    row_of,
    shown_source,
)
from modelkeep.download.part import DownloadPart
from modelkeep.errors import ModelKeepError, SecretNeededError, UsageError
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.owner import Owner
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.wishes import JobWish, claim, forget_wish, wishes

#: How often the progress of running jobs is written, seconds.
_PROGRESS_SECONDS = 1.0
#: Owner of a job that was put down: nobody, so whoever comes next may take it.
_NOBODY = ""
#: Parts of installs are not stored: their numbers are far beyond those that are given to jobs.
_FIRST_PART = 1 << 40

_log = logging.getLogger(__name__)


class StoredJobs:
    """Writes down the jobs of one queue, and finds those that dead processes left.

    Changes are collected and written together: a full disk or a locked file delays what is
    written, and stops no download.

    Args:
        state: The state file.
        owner: This process.

    Attributes:
        state: The state file.
    """

    outlives = True

    def __init__(self, state: StateDatabase, owner: Owner) -> None:
        self.state = state
        self._owner = owner
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._changed: dict[int, tuple[DownloadJobBase, str | None]] = {}
        self._details: dict[int, str] = {}
        self._progress: dict[int, int] = {}
        self._progress_at = 0.0
        self._is_closed = False
        self._part_numbers = itertools.count(_FIRST_PART)

    @classmethod
    def open(cls, path: Path) -> StoredJobs:
        """Open the state file at ``path`` and become an owner of jobs in it.

        Raises:
            DatabaseError: it is no state file of ours, damaged, newer or locked.
            StorageError: it cannot be written.
        """
        state = StateDatabase(path)
        try:
            return cls(state, Owner(path.parent / "owners"))
        except BaseException:
            state.close()
            raise

    def close(self) -> None:
        """Write what waits to be written, and let go of the file."""
        if not self._is_closed:
            self.flush()
            self._is_closed = True
            self._owner.release()
            self.state.close()

    # -- jobs of ours

    def add(self, job: DownloadJobBase, status: str) -> int:
        """Store a new job and return its number.

        One that asked for the same link and destination is gone on with, if nobody has it any
        more or it waits for a secret: the job gets its number, and the path of what has come.

        Raises:
            StorageError, DatabaseError: it cannot be stored.
        """
        if isinstance(job, DownloadPart):
            return next(self._part_numbers)
        for row in self.state.jobs.unended("download", shown_source(job)):
            may_be_had = self.is_left(row) or row.error_type == SecretNeededError.__name__
            if may_be_had and is_same_errand(row, job) and self.claim(row, status):
                job.download_path = job.download_path or path_in(row)
                self.note(job)
                return row.id
        details = details_of(job)
        number = self.state.jobs.add(
            shown_source(job), self._owner.name, details, kind="download", status=status
        )
        self._details[number] = json.dumps(details)
        return number

    def note(self, job: DownloadJobBase, status: str | None = None) -> None:
        """Remember that a job changed.

        Args:
            job: The job.
            status: What to store where that is not what the job says at the moment of writing.
        """
        if isinstance(job, DownloadPart):
            return
        with self._lock:
            self._changed[job.id] = (job, status)

    def note_progress(self, jobs: Iterable[DownloadJobBase]) -> None:
        """Remember how far jobs are: at once when something of one is there, then now and then."""
        now = time.monotonic()
        is_due = now - self._progress_at >= _PROGRESS_SECONDS
        self._progress_at = now if is_due else self._progress_at
        with self._lock:
            for job in jobs:
                if isinstance(job, DownloadPart):
                    continue
                last = self._progress.get(job.id, 0)
                if job.running and job.bytes != last and (is_due or not last):
                    self._progress[job.id] = job.bytes
                    self._changed.setdefault(job.id, (job, None))

    def flush(self) -> None:
        """Write what changed; what cannot be written now is tried again later."""
        with self._writing:
            with self._lock:
                changed, self._changed = self._changed, {}
            if not changed or self._is_closed:
                return
            try:
                with self.state.transaction():
                    for number, (job, status) in changed.items():
                        self._write(number, job, status)
            except ModelKeepError as error:
                _log.warning("How downloads go could not be stored yet: %s", error)
                with self._lock:
                    self._changed = {**changed, **self._changed}

    def put_down(self) -> None:
        """Let whoever comes next have the jobs of ours that have not ended."""
        self.flush()
        if self._is_closed:
            return
        try:
            with self.state.transaction() as connection:
                connection.execute(
                    "UPDATE job SET owner = ? WHERE owner = ? AND ended_at IS NULL",
                    (_NOBODY, self._owner.name),
                )
        except ModelKeepError as error:
            _log.warning("Downloads stay with this process until it ends: %s", error)

    def forget(self, numbers: list[int]) -> None:
        """Remove jobs from the list."""
        self.flush()
        if numbers:
            self.state.jobs.remove(numbers)

    def wishes(self) -> dict[int, JobWish]:
        """Return what other processes wish of jobs of ours."""
        return wishes(self.state, self._owner.name)

    def obeyed(self, number: int, wanted: JobWish) -> None:
        """Cross out a wish."""
        forget_wish(self.state, number, wanted)

    # -- jobs of others

    def left_behind(self) -> list[JobRow]:
        """Return the jobs that have not ended and that no living process has."""
        rows = self.state.jobs.unended("download")
        alive = {owner: self._owner.is_alive(owner) for owner in {row.owner for row in rows}}
        return [row for row in rows if not alive[row.owner]]

    def is_mine(self, row: JobRow) -> bool:
        """Tell whether a job belongs to this process."""
        return row.owner == self._owner.name

    def is_left(self, row: JobRow) -> bool:
        """Tell whether no living process has a job."""
        return not self._owner.is_alive(row.owner)

    def claim(self, row: JobRow, status: str) -> bool:
        """Make a job ours; of several processes that try, one gets it."""
        return claim(self.state, row, self._owner.name, status=status, done=row.bytes)

    def settle(self, row: JobRow, **fields: Any) -> bool:
        """Change a job that nobody has; tell whether it was still as in ``row``.

        Args:
            row: The job as it was seen.
            fields: Columns and what they shall be.
        """
        with self.state.transaction():
            now = self.state.jobs.get(row.id)
            if (now.owner, now.status) != (row.owner, row.status):
                return False
            self.state.jobs.update(row.id, **fields)
            return True

    def download_row(self, number: int) -> JobRow:
        """Return one download job.

        Raises:
            UnknownJobIDException: there is none with this number.
            UsageError: it is no download.
        """
        row = self.state.jobs.get(number)
        if row.kind != "download":
            raise UsageError(
                f"The job {number} is an install, not a download", hint="modelkeep jobs lists both."
            )
        return row

    # -- plumbing

    def _write(self, number: int, job: DownloadJobBase, status: str | None) -> None:
        fields = row_of(job, status)
        details = json.dumps(details_of(job))
        if self._details.get(number) != details:
            fields["details"] = details
            self._details[number] = details
        self.state.jobs.update(number, whose=self._owner.name, **fields)

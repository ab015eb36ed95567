"""``DownloadControl``: pause, resume, cancel and retry downloads of any process on this root."""

from __future__ import annotations

import time
from dataclasses import replace

from modelkeep.download.job import TERMINAL, DownloadJobBase, DownloadJobStatus
from modelkeep.download.job_rows import path_in, status_in
from modelkeep.download.queue import DownloadQueueService
from modelkeep.download.remains import discard
from modelkeep.download.stored_jobs import StoredJobs
from modelkeep.errors import UsageError
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.wishes import JobWish, wish

#: How long another process is waited for.
_PATIENCE_SECONDS = 3.0
_FAILED = frozenset({DownloadJobStatus.ERROR, DownloadJobStatus.CANCELLED})
_HELD = frozenset({DownloadJobStatus.PAUSED, DownloadJobStatus.IDLE})


class DownloadControl:
    """Acts on stored downloads by their number, whichever process has them.

    Args:
        store: Where they are.
        queue: Does those of this process.
    """

    def __init__(self, store: StoredJobs, queue: DownloadQueueService) -> None:
        self._store = store
        self._queue = queue

    def rows(self) -> list[JobRow]:
        """Return all downloads, the oldest first; those of dead processes wait."""
        self._store.flush()
        return [self._as_it_is(row) for row in self._store.state.jobs.all("download")]

    def pause(self, number: int) -> JobRow:
        """Hold a download until it is resumed; what has come is kept.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended, or is no download.
        """
        row = self._open_row(number)
        if self._store.is_mine(row):
            self._queue.pause_job(self._queue.id_to_job(number))
        elif not self._store.is_left(row):
            wish(self._store.state, number, JobWish.PAUSE)
        elif not self._store.settle(row, status=DownloadJobStatus.PAUSED.value):
            return self.pause(number)
        return self._row(number)

    def cancel(self, number: int) -> JobRow:
        """Stop a download for good and remove what has come of it.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended, or is no download.
            StorageError: what has come cannot be removed.
        """
        row = self._open_row(number)
        if self._store.is_mine(row):
            self._queue.cancel_job(self._queue.id_to_job(number))
        elif not self._store.is_left(row):
            wish(self._store.state, number, JobWish.CANCEL)
        elif self._store.settle(
            row, status=DownloadJobStatus.CANCELLED.value, ended_at=time.time()
        ):
            path = path_in(row)
            if path is not None and row.details.get("digest"):
                discard(row.details["digest"], path)
        else:
            return self.cancel(number)
        return self._row(number)

    def resume(self, number: int) -> DownloadJobBase | None:
        """Let a download go on that is paused, was not started, or was left by a dead process.

        Returns:
            The job, if this process fetches it now; None when the process goes on that has it.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended, or is no download.
        """
        row = self._row(number)
        if row.ended_at is not None:
            raise UsageError(
                f"The job {number} is {row.status}, so there is nothing to resume",
                hint=f"Begin it again with: modelkeep retry {number}"
                if status_in(row) in _FAILED
                else "modelkeep jobs lists what is paused.",
            )
        if self._store.is_mine(row):
            job = self._queue.id_to_job(number)
            self._queue.start_job(job)
            return job
        if self._store.is_left(row):
            return self._take(row)
        wish(self._store.state, number, JobWish.RUN)
        return None

    def retry(self, number: int) -> DownloadJobBase:
        """Begin a download again that failed or was cancelled.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has not failed, or is no download.
        """
        row = self._row(number)
        if status_in(row) not in _FAILED:
            raise UsageError(
                f"The job {number} is {row.status}, so it cannot be begun again",
                hint="modelkeep jobs lists what failed.",
            )
        return self._take(row)

    def take_over(self) -> list[DownloadJobBase]:
        """Go on with all that dead processes were fetching, and return it; paused ones stay so."""
        waiting = [row for row in self._store.left_behind() if status_in(row) not in _HELD]
        taken = [self._queue.adopt(row, start=True) for row in waiting]
        return [job for job in taken if job is not None]

    def wait_for(self, number: int, wanted: JobWish) -> JobRow:
        """Give the process that has a job a moment to do what was wished; return the job then."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            row = self._row(number)
            is_held = status_in(row) in _HELD
            if row.ended_at is not None or (
                wanted is not JobWish.CANCEL and is_held is (wanted is JobWish.PAUSE)
            ):
                break
            time.sleep(0.05)
        return self._row(number)

    def prune(self) -> int:
        """Forget the downloads of every process that have ended; return how many."""
        before = len(self.rows())
        self._queue.prune_jobs()
        rows = self.rows()
        self._store.forget([row.id for row in rows if status_in(row) in TERMINAL])
        return before - len(self.rows())

    def _take(self, row: JobRow) -> DownloadJobBase:
        job = self._queue.adopt(row, start=True)
        if job is None:
            raise UsageError(
                f"Another process has the job {row.id} by now",
                hint="modelkeep jobs says how it goes.",
            )
        return job

    def _open_row(self, number: int) -> JobRow:
        row = self._row(number)
        if row.ended_at is not None:
            raise UsageError(
                f"The job {number} has ended: it is {row.status}",
                hint="modelkeep jobs lists what is going on.",
            )
        return row

    def _row(self, number: int) -> JobRow:
        self._store.flush()
        return self._store.download_row(number)

    def _as_it_is(self, row: JobRow) -> JobRow:
        """Return a job as it is: what a dead process was doing waits now."""
        is_running = status_in(row) is DownloadJobStatus.RUNNING
        return replace(row, status="waiting") if is_running and self._store.is_left(row) else row

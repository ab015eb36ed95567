"""``JobControl``: pause, resume, cancel and retry jobs of any process on this root."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from modelkeep.errors import InterruptedInstallError, SourceError, UsageError
from modelkeep.install.details import Revive, job_of
from modelkeep.install.fetch_folder import remove_unneeded
from modelkeep.install.job import InstallStatus, ModelInstallJob
from modelkeep.install.worker import InstallWorker
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.wishes import JobWish, claim, wish

#: How long another process is waited for.
_PATIENCE_SECONDS = 3.0
_log = logging.getLogger(__name__)
_FAILED = frozenset({InstallStatus.ERROR.value, InstallStatus.CANCELLED.value})


class JobControl:
    """Acts on jobs by their number, whichever process has them.

    Args:
        state: Where jobs are stored.
        worker: Works on the jobs of this process.
        owner: Name of this process there.
        is_alive: Tells whether the process of that name still lives.
        revive: Makes a remote source of what was stored of it.
    """

    def __init__(
        self,
        state: StateDatabase,
        worker: InstallWorker,
        owner: str,
        is_alive: Callable[[str], bool],
        revive: Revive,
    ) -> None:
        self._state = state
        self._worker = worker
        self._owner = owner
        self._is_alive = is_alive
        self._revive = revive

    def pause(self, number: int) -> JobRow:
        """Hold a job until it is resumed; what it has copied so far is taken back.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended.
        """
        row = self._open_job(number)
        wish(self._state, number, JobWish.PAUSE)
        if not self._is_alive(row.owner):
            self._state.jobs.update(number, status=InstallStatus.PAUSED.value)
        return self._state.jobs.get(number)

    def cancel(self, number: int) -> JobRow:
        """Stop a job for good; what it has copied so far is taken back.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended.
        """
        row = self._open_job(number)
        wish(self._state, number, JobWish.CANCEL)
        if not self._is_alive(row.owner):
            status = InstallStatus.CANCELLED.value
            self._state.jobs.update(number, status=status, ended_at=time.time())
            remove_unneeded(self._state, [row])
        return self._state.jobs.get(number)

    def resume(self, number: int) -> ModelInstallJob | None:
        """Let a paused job go on, or begin one again that a dead process left.

        Returns:
            The job, if this process works on it now; None when the process goes on that has it.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it is neither paused nor left by a dead process.
        """
        row = self._state.jobs.get(number)
        if row.ended_at is None and self._is_alive(row.owner):
            wish(self._state, number, JobWish.RUN)
            return None
        if row.ended_at is None or _is_interrupted(row):
            return self._take_over(row)
        raise UsageError(
            f"The job {number} is {row.status}, so there is nothing to resume",
            hint=f"Begin it again with: modelkeep retry {number}"
            if row.status in _FAILED
            else "modelkeep jobs lists what is paused.",
        )

    def retry(self, number: int, changes: Mapping[str, Any] | None = None) -> ModelInstallJob:
        """Begin a job again that failed, was cancelled or was left by a dead process.

        What it has fetched before is used.

        Args:
            number: Of the job.
            changes: Fields of the record that win over what is identified, beside those that the
                job was given at first.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has not ended, or it is completed.
        """
        row = self._state.jobs.get(number)
        if row.status not in _FAILED:
            raise UsageError(
                f"The job {number} is {row.status}, so it cannot be begun again",
                hint="modelkeep jobs lists what failed.",
            )
        return self._take_over(row, changes)

    def wait_for(self, number: int, wanted: JobWish) -> JobRow:
        """Give the process that has a job a moment to do what was wished; return the job then."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            row = self._state.jobs.get(number)
            is_paused = row.status == InstallStatus.PAUSED.value
            if row.ended_at is not None or (
                wanted is not JobWish.CANCEL and is_paused is (wanted is JobWish.PAUSE)
            ):
                break
            time.sleep(0.05)
        return self._state.jobs.get(number)

    def take_over(self, *, remote_only: bool = False) -> list[ModelInstallJob]:
        """Begin all jobs again that dead processes left, the oldest first.

        Args:
            remote_only: Only those from the network.
        """
        left = [
            row
            for row in self._state.jobs.all("install")
            if _is_interrupted(row) and ("remote" in row.details or not remote_only)
        ]
        jobs = []
        for row in left:
            try:
                jobs.append(self._take_over(row))
            except UsageError:  # another process was first
                continue
            except SourceError as error:
                _log.warning("The job %s is not gone on with: %s", row.id, error)
        return jobs

    def _take_over(self, row: JobRow, changes: Mapping[str, Any] | None = None) -> ModelInstallJob:
        job = job_of(row, self._revive)
        job.config_in |= changes or {}
        if not claim(self._state, row, self._owner):
            raise UsageError(
                f"Another process has the job {row.id} by now",
                hint="modelkeep jobs says how it goes.",
            )
        return self._worker.take(job)

    def _open_job(self, number: int) -> JobRow:
        row = self._state.jobs.get(number)
        if row.ended_at is not None:
            raise UsageError(
                f"The job {number} has ended: it is {row.status}",
                hint="modelkeep jobs lists what is going on.",
            )
        return row


def _is_interrupted(row: JobRow) -> bool:
    return row.error_type == InterruptedInstallError.__name__

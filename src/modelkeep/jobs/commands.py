"""``JobCommands``: acts on jobs by their number, whichever process has them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from modelkeep.errors import JobStateError, UsageError
from modelkeep.jobs.engine import JobEngine
from modelkeep.jobs.kinds import AnyJob
from modelkeep.jobs.rows import JobChange, JobRow
from modelkeep.jobs.states import FAILED, HELD, JobState, Request

#: How long another process is waited for.
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.05


class JobCommands:
    """Pauses, resumes, cancels and retries jobs of any process on a root.

    Args:
        engines: Those of this process, of which each runs its kinds of jobs.
    """

    def __init__(self, engines: Iterable[JobEngine]) -> None:
        self._engines = list(engines)
        self._store = self._engines[0].store

    def submit(self, kind: str, job: AnyJob, *, start: bool = True) -> None:
        """Store a job, which gets its number, and start it once there is room.

        Raises:
            UsageError: no engine of this process runs the kind.
        """
        for engine in self._engines:
            if kind in engine.kinds:
                engine.submit(engine.kinds[kind], job, start=start)
                return
        raise UsageError(
            f"Unknown kind of job: {kind}",
            hint="Install the plug-in that provides this kind of job.",
        )

    def rows(self, kind: str | None = None) -> list[JobRow]:
        """Return the jobs of all processes, the oldest first; those of dead ones wait.

        Args:
            kind: Only those of this kind.
        """
        self._flush()
        return [self._as_it_is(row) for row in self._store.all(kind)]

    def count_open(self) -> int:
        """Return how many jobs of all processes wait or run."""
        return self._store.count_open()

    def pause(self, number: int) -> JobRow:
        """Hold a job until it is resumed.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended.
        """
        row = self._open_row(number)
        engine = self._owner_of(row)
        if engine is not None:
            engine.pause(engine.job(number))
        elif not self._store.is_abandoned(row):
            self._store.request(number, Request.PAUSE)
        elif not self._store.finish(row, _held(row)):
            return self.pause(number)
        return self._row(number)

    def cancel(self, number: int) -> JobRow:
        """Stop a job for good; what it has put on the disk is taken away.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended.
            StorageError: what it has put on the disk cannot be removed.
        """
        row = self._open_row(number)
        engine = self._owner_of(row)
        if engine is not None:
            engine.cancel(engine.job(number))
        elif not self._store.is_abandoned(row):
            self._store.request(number, Request.CANCEL)
        elif not self._store.finish(row, _cancelled(row)):
            return self.cancel(number)
        elif (runner := self._engine_for(row)) is not None:
            runner.kinds[row.kind].discard_stored(row)
        return self._row(number)

    def resume(self, number: int) -> Any:
        """Start a job that is paused, was not started, or was left by a dead process.

        Returns:
            The job, if this process runs it now; None when the process goes on that has it.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: there is nothing to resume, or its kind cannot run here.
        """
        row = self._row(number)
        engine = self._owner_of(row)
        if row.ended_at is not None:
            return self._resume_ended(row)
        if engine is not None:
            job = engine.job(number)
            engine.resume(job)
            return job
        if self._store.is_abandoned(row):
            return self._take(row, {})
        self._store.request(number, Request.RUN)
        return None

    def retry(self, number: int, changes: Mapping[str, Any] | None = None) -> Any:
        """Start a job again that failed or was cancelled; what it has done so far is used.

        Args:
            number: Of the job.
            changes: What to change, for kinds that support it.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has not failed, or its kind does not support ``changes``.
        """
        row = self._row(number)
        if row.status not in FAILED:
            raise JobStateError(
                f"The job {number} is {row.status}, so it cannot be restarted",
                hint="List failed jobs with: modelkeep jobs",
            )
        return self._take(row, dict(changes or {}))

    def take_over(self) -> list[Any]:
        """Start all jobs that dead processes left, and return them; paused ones stay so."""
        return [job for engine in self._engines for job in engine.take_over()]

    def row(self, number: int) -> JobRow:
        """Return one job as it is.

        Raises:
            UnknownJobIDException: there is no such job.
        """
        return self._as_it_is(self._row(number))

    def kind_of(self, number: int) -> str:
        """Return the name of the kind of a job.

        Raises:
            UnknownJobIDException: there is no such job.
        """
        return self._store.get(number).kind

    def is_mine(self, row: JobRow) -> bool:
        """Tell whether a job belongs to this process."""
        return any(engine.store.is_mine(row) for engine in self._engines)

    def job_of(self, row: JobRow) -> AnyJob | None:
        """Return the job itself, where this process has it."""
        engine = self._owner_of(row)
        job: AnyJob | None = engine.job(row.id) if engine is not None else None
        return job

    def wait(self, timeout: float | None = None) -> None:
        """Wait until no job of this process waits or runs, or for ``timeout`` seconds."""
        for engine in self._engines:
            engine.wait(timeout)

    def wait_for(self, number: int, wanted: Request) -> JobRow:
        """Give the process that has a job a moment to do what was asked; return the job then.

        Raises:
            UnknownJobIDException: there is no such job.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            row = self._row(number)
            is_held = row.status in HELD
            if row.ended_at is not None or (
                wanted is not Request.CANCEL and is_held is (wanted is Request.PAUSE)
            ):
                break
            time.sleep(_POLL_SECONDS)
        return self._row(number)

    def prune(self, kind: str | None = None) -> int:
        """Forget the jobs of every process that have ended; return how many.

        Args:
            kind: Only those of this kind.
        """
        ended = [row for row in self.rows(kind) if row.ended_at is not None]
        engines = [e for e in self._engines if kind is None or kind in e.kinds]
        for engine in engines:
            engine.remove_ended(kind)
        count = self._store.remove([row.id for row in ended])
        for engine in engines:
            engine.forget(ended)
        return count

    def forget(self, number: int) -> None:
        """Forget one job that has ended.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has not ended.
        """
        row = self._row(number)
        if row.ended_at is None:
            raise JobStateError(
                f"The job {number} is {row.status}, so it stays in the list",
                hint=f"Cancel it first: modelkeep cancel {number}",
            )
        if (engine := self._engine_for(row)) is not None:
            engine.remove_ended(row.kind, only=number)
        self._store.remove([number])
        for each in self._engines:
            each.forget([row])

    # -- plumbing

    def _resume_ended(self, row: JobRow) -> Any:
        engine = self._engine_for(row)
        if engine is not None and engine.kinds[row.kind].was_interrupted(row):
            return self._take(row, {})
        raise JobStateError(
            f"The job {row.id} is {row.status}, so there is nothing to resume",
            hint=f"Restart it with: modelkeep retry {row.id}"
            if row.status in FAILED
            else "List paused jobs with: modelkeep jobs",
        )

    def _take(self, row: JobRow, changes: dict[str, Any]) -> Any:
        engine = self._engine_for(row)
        if engine is None:
            raise UsageError(
                f"The job {row.id} is of the kind {row.kind}, which this command cannot run",
                hint="List it with: modelkeep jobs",
            )
        job = engine.adopt(row, changes=changes)
        if job is None:
            raise JobStateError(
                f"Another process has taken the job {row.id}",
                hint="Follow it with: modelkeep jobs",
            )
        return job

    def _open_row(self, number: int) -> JobRow:
        row = self._row(number)
        if row.ended_at is not None:
            raise JobStateError(
                f"The job {number} has ended: it is {row.status}",
                hint="List active jobs with: modelkeep jobs",
            )
        return row

    def _row(self, number: int) -> JobRow:
        self._flush()
        return self._store.get(number)

    def _flush(self) -> None:
        for engine in self._engines:
            engine.flush()

    def _owner_of(self, row: JobRow) -> JobEngine | None:
        """Return the engine of this process that has a job."""
        for engine in self._engines:
            if engine.store.is_mine(row) and engine.has(row.id):
                return engine
        return None

    def _engine_for(self, row: JobRow) -> JobEngine | None:
        """Return an engine of this process that runs the kind of a job."""
        return next((engine for engine in self._engines if row.kind in engine.kinds), None)

    def _as_it_is(self, row: JobRow) -> JobRow:
        """Return a job as it is: what a dead process was doing waits now."""
        is_cut_off = row.status is JobState.RUNNING and self._store.is_abandoned(row)
        return replace(row, status=JobState.WAITING, speed=None) if is_cut_off else row


def _held(row: JobRow) -> JobChange:
    return JobChange(JobState.PAUSED, row.bytes, row.total_bytes)


def _cancelled(row: JobRow) -> JobChange:
    return JobChange(JobState.CANCELLED, row.bytes, row.total_bytes, ended_at=time.time())

"""``JobEngine``: runs the jobs of one process, whatever their kinds, and answers to the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from modelkeep.errors import (
    ModelKeepError,
    UnknownJobIDException,
    UsageError,
)
from modelkeep.jobs.engine_job import EngineJob
from modelkeep.jobs.job_events import LAST_EVENTS, JobEvent
from modelkeep.jobs.kinds import AnyJob, AtStop, JobKind
from modelkeep.jobs.listener import RequestListener
from modelkeep.jobs.memory import MemoryJobs
from modelkeep.jobs.rows import JobRow, JobStore, NewJob
from modelkeep.jobs.scheduler import Scheduler
from modelkeep.jobs.states import HELD, OPEN, JobState, Request
from modelkeep.jobs.writer import JobWriter

#: How long a listener that has not returned is waited for, seconds.
_PATIENCE_SECONDS = 5.0
#: Jobs that are not stored get numbers far beyond those of jobs that are.
_FIRST_UNSTORED = 1 << 40

_log = logging.getLogger(__name__)


class JobEngine:
    """Runs jobs in daemon threads; programs may exit without stopping it.

    Args:
        store: Where jobs are stored; in memory when None.
        quiet: Log nothing of jobs that go well.
    """

    def __init__(
        self, kinds: Iterable[JobKind[Any]], store: JobStore | None = None, *, quiet: bool = True
    ) -> None:
        self.store: JobStore = store or MemoryJobs()
        self.kinds = {kind.name: kind for kind in kinds}
        self._unstored = MemoryJobs(_FIRST_UNSTORED) if self.store.outlives else self.store
        self._writer = JobWriter(self.store)
        level = logging.DEBUG if quiet else logging.INFO
        self._scheduler = Scheduler(self._writer, self._after_pause, level=level)
        self._changed = self._scheduler.changed
        self._entries: dict[int, EngineJob] = {}
        self._submitting = threading.RLock()
        self._listener = RequestListener(self.store, self._writer, self._unended, self._obey)
        self._is_running = False

    # -- life

    @property
    def is_running(self) -> bool:
        """It was started and not stopped."""
        return self._is_running

    def start(self) -> None:
        """Begin to run jobs."""
        self._is_running = True
        self._scheduler.open()
        self._listener.wake()

    def stop(self, patience: float | None = None) -> None:
        """End; what becomes of each job is the business of its kind.

        Args:
            patience: Wait no longer than this for jobs that run, seconds.
        """
        with self._changed:
            if not self._is_running:
                return
            self._is_running = False
            entries = [entry for entry in self._entries.values() if entry.state in OPEN]
        self._scheduler.close()
        self._listener.stop()
        for entry in entries:
            self._end_for_now(entry)
        self.wait(patience)
        try:
            self._writer.flush()
            self.store.release()
        except ModelKeepError as error:
            _log.warning("Jobs could not be handed over and stay with this process: %s", error)
        self._scheduler.dismiss()

    def _end_for_now(self, entry: EngineJob) -> None:
        """Do with an open job what its kind says of the end of an engine."""
        rule = entry.kind.at_stop(entry.job)
        if rule is AtStop.PAUSE:
            with self._changed:
                entry.is_left = self.store.outlives
                entry.wanted = Request.PAUSE
            if not self._leave(entry, JobState.PAUSED if entry.is_left else JobState.CANCELLED):
                entry.control.pause()
        elif rule is AtStop.FINISH:
            self._leave(entry, JobState.CANCELLED)
        elif not self._leave(entry, JobState.ERROR):
            entry.control.interrupt()

    # -- jobs come in

    def submit(self, kind: JobKind[Any], job: AnyJob, *, start: bool = True) -> None:
        """Store a job, which gets its number, and start it once there is room.

        An unfinished, unowned job with the same request is continued instead.

        Raises:
            StorageError, DatabaseError: it cannot be stored.
            UsageError: it was submitted already.
        """
        state = JobState.WAITING if start else JobState.IDLE
        with self._submitting:
            known = self._entries.get(job.id)
            if known is not None and known.job is job:
                raise UsageError(
                    f"The job {job.id} was already submitted",
                    hint="To continue a held job, resume it.",
                )
            entry = EngineJob(job, kind, self.store if kind.is_stored(job) else self._unstored)
            kind.show(job, JobState.IDLE)
            job.id = self._add(entry, state)
            self._take(entry)
            self._writer.note(entry, state)
        if start:
            self._resume(entry)

    def leave(self, kind: JobKind[Any], job: AnyJob) -> int:
        """Store a job for another process to begin; return its number."""
        new = NewJob(kind.name, kind.source_of(job), kind.encode(job))
        return self.store.add(new, unowned=True)

    def take_over(
        self, *, held: bool = False, only: Callable[[JobRow], bool] = lambda _: True
    ) -> list[Any]:
        """Take the jobs that no living process has; return them.

        Args:
            held: Also those that are paused or were not started: they stay so.
            only: Tells which of them to take.
        """
        return [
            job
            for kind in self.kinds.values()
            for row in self.left_behind(kind)
            if (held or row.status not in HELD) and only(row)
            if (job := self._adopt_quietly(row)) is not None
        ]

    def left_behind(self, kind: JobKind[Any]) -> list[JobRow]:
        """Return the jobs of a kind that did not end, and that no living process has."""
        rows = [row for row in self.store.unended(kind.name) if self.store.is_abandoned(row)]
        return rows + [row for row in self.store.all(kind.name) if kind.was_interrupted(row)]

    def adopt(self, row: JobRow, *, changes: dict[str, Any] | None = None) -> Any:
        """Make a stored job one of this engine, and start it.

        Args:
            row: A job without an owner, or one that has ended.
            changes: What to change in this attempt.

        Returns:
            The job, or None when another process was first.

        Raises:
            ModelKeepError: it cannot be begun again; says why.
        """
        return self._adopt(row, JobState.WAITING, changes or {})

    def _adopt(self, row: JobRow, state: JobState, changes: dict[str, Any]) -> Any:
        kind = self.kinds[row.kind]
        with self._submitting:
            known = self._entries.get(row.id)
            if known is not None:  # how it ended is stored a moment before it has ended
                with self._changed:
                    self._changed.wait_for(lambda: known.state not in OPEN, _PATIENCE_SECONDS)
            job = kind.restore(row, known.job if known else None)
            kind.change(job, changes)
            if not self.store.claim(row, state):
                return None
            job.id = row.id
            is_held = state in HELD
            job.exception = kind.why_held(job) if is_held else None
            was_paused = row.status is JobState.PAUSED
            entry = EngineJob(
                job, kind, self.store, JobState.PAUSED if was_paused else JobState.IDLE
            )
            kind.show(job, entry.state)
            self._take(entry)
            self._writer.note(entry, state)
        if is_held:
            self._writer.flush()  # the hold must be visible to other requests for the same source
        else:
            self._resume(entry)
        return job

    def _adopt_quietly(self, row: JobRow) -> Any:
        """Make a job that was left behind one of this engine, as it was."""
        state = row.status if row.status in HELD else JobState.WAITING
        try:
            return self._adopt(row, state, {})
        except (ModelKeepError, ValueError, KeyError, TypeError) as error:
            _log.warning("The job %s was not resumed: %s", row.id, error)
            return None

    # -- control

    def resume(self, job: AnyJob) -> None:
        """Start a job that is held, or have one go on that is just being paused."""
        self._resume(self._entry(job))

    def pause(self, job: AnyJob) -> None:
        """Hold a job until it is resumed."""
        self._pause(self._entry(job))

    def cancel(self, job: AnyJob) -> None:
        """Stop a job for good: at once unless it runs."""
        self._cancel(self._entry(job))

    def _resume(self, entry: EngineJob) -> None:
        with self._changed:
            if entry.wanted is not Request.CANCEL:
                entry.wanted = Request.RUN
            if entry.state not in HELD:
                return
            was_paused = entry.state is JobState.PAUSED
            entry.new_run(lambda: self._save(entry))
            entry.enter(JobState.WAITING)
        self._writer.note(entry)
        if not was_paused:
            entry.notifier = threading.current_thread()  # a listener that waits waits for others
            entry.kind.notify(entry.job, JobEvent.QUEUED)
            entry.notifier = None
        self._scheduler.put(entry)

    def _pause(self, entry: EngineJob) -> None:
        with self._changed:
            if entry.wanted is Request.CANCEL:
                return
            entry.wanted = Request.PAUSE
        if not self._leave(entry, JobState.PAUSED):
            with self._changed:
                if entry.state is JobState.RUNNING:
                    entry.control.pause()

    def _cancel(self, entry: EngineJob) -> None:
        with self._changed:
            if not entry.state.is_final:
                entry.wanted = Request.CANCEL
        if not self._leave(entry, JobState.CANCELLED):
            with self._changed:
                if entry.state is JobState.RUNNING:
                    entry.kind.stop(entry.job, entry.control)

    def _after_pause(self, entry: EngineJob) -> None:
        """Do what was asked for while a job was being paused."""
        with self._changed:
            was_withdrawn = entry.control.wanted == "pause" and entry.wanted is Request.RUN
        if entry.wanted is Request.CANCEL:
            self._cancel(entry)
        elif was_withdrawn:
            self._resume(entry)

    def _leave(self, entry: EngineJob, state: JobState) -> bool:
        """Give a job that does not run another state, store and tell it; tell whether it is so."""
        with self._changed:
            if entry.state is JobState.RUNNING or not entry.state.may_become(state):
                return False
            if state is JobState.ERROR:
                entry.job.exception = entry.kind.interruption(entry.job)
            entry.is_notified = False
            entry.enter(state)
            self._changed.notify_all()
        if state is JobState.CANCELLED:
            entry.kind.discard(entry.job)
        self._writer.note(entry, JobState.WAITING if entry.is_left else state)
        self._writer.flush()
        notifier, entry.notifier = entry.notifier, threading.current_thread()
        entry.kind.notify(entry.job, LAST_EVENTS[state])
        entry.notifier = notifier
        with self._changed:
            entry.is_notified = True
            self._changed.notify_all()
        return True

    # -- looking

    def jobs(self) -> list[Any]:
        """Return the jobs that were submitted or taken here and not removed, the oldest first."""
        with self._changed:
            return [entry.job for entry in self._entries.values()]

    def job(self, number: int) -> Any:
        """Return one job.

        Raises:
            UnknownJobIDException: this engine has none with this number.
        """
        with self._changed:
            entry = self._entries.get(number)
        if entry is None:
            raise _unknown(number)
        return entry.job

    def has(self, number: int) -> bool:
        """Tell whether a job belongs to this engine."""
        return number in self._entries

    def wait(self, timeout: float | None = None) -> None:
        """Wait until all jobs have ended and all listeners are notified, or until ``timeout``.

        A listener that waits does not wait for the job that it is told of, and one that does not
        return is waited for a few seconds.
        """
        me = threading.current_thread()
        end = None if timeout is None else time.monotonic() + timeout

        def others() -> list[EngineJob]:
            return [entry for entry in self._entries.values() if entry.notifier is not me]

        with self._changed:
            still_open: list[EngineJob] = []

            def is_over() -> bool:  # looks at few jobs each time: there may be thousands
                while still_open and still_open[-1].state not in OPEN:
                    still_open.pop()
                if not still_open:
                    still_open.extend(entry for entry in others() if entry.state in OPEN)
                return not still_open

            self._changed.wait_for(is_over, timeout)
            left = _PATIENCE_SECONDS
            left = left if end is None else min(left, max(end - time.monotonic(), 0))
            if not self._changed.wait_for(lambda: all(e.is_notified for e in others()), left):
                for entry in others():
                    if not entry.is_notified:
                        _log.warning("a listener of job %s did not return", entry.job.id)

    def remove_ended(self, kind: str | None = None, *, only: int | None = None) -> list[int]:
        """Forget the jobs of this engine that have ended; return their numbers.

        Args:
            kind: Only those of this kind.
            only: Only the one with this number.
        """
        with self._changed:
            ended = [
                number
                for number, entry in self._entries.items()
                if entry.state.is_final
                and kind in {None, entry.kind.name}
                and only in {None, number}
            ]
            for number in ended:
                del self._entries[number]
        self._writer.flush()
        for number in ended:
            self._writer.forget(number)
        return ended

    def remove(self, numbers: list[int]) -> int:
        """Remove jobs from the list, and what is kept for them; return how many were there."""
        gone = set(numbers)
        rows = [row for row in self.store.all() if row.id in gone]
        count = self.store.remove(numbers)
        self.forget(rows)
        return count

    def forget(self, rows: list[JobRow]) -> None:
        """Take back what is kept for jobs that were removed from the list."""
        for name, kind in self.kinds.items():
            if some := [row for row in rows if row.kind == name]:
                kind.forget(some)

    def flush(self) -> None:
        """Write what is to be stored now."""
        self._writer.flush()

    # -- plumbing

    def _add(self, entry: EngineJob, state: JobState) -> int:
        kind, job = entry.kind, entry.job
        source = kind.source_of(job)
        if entry.store.outlives:
            row = kind.find_same(job, self._free_rows(kind, source))
            if row is not None and self.store.claim(row, state):
                kind.inherit(job, row)
                return row.id
        details = kind.encode(job) if entry.store.outlives else ""
        entry.stored_details = details
        return entry.store.add(NewJob(kind.name, source, details, state))

    def _free_rows(self, kind: JobKind[Any], source: str) -> list[JobRow]:
        rows = self.store.unended(kind.name, source)
        return [row for row in rows if kind.may_take(row) or self.store.is_abandoned(row)]

    def _take(self, entry: EngineJob) -> None:
        with self._changed:
            self._entries[entry.job.id] = entry
        entry.kind.attach(entry.job, lambda: self._cancel(entry))
        self._listener.wake()

    def _save(self, entry: EngineJob) -> None:
        self._writer.note(entry)
        self._writer.flush()

    def _unended(self) -> list[EngineJob]:
        with self._changed:
            return [entry for entry in self._entries.values() if not entry.state.is_final]

    def _obey(self, number: int, wanted: Request) -> bool:
        """Do what another process asks for; tell whether it has come to that."""
        entry = self._entries.get(number)
        if entry is None:
            return True
        {
            Request.CANCEL: self._cancel,
            Request.PAUSE: self._pause,
            Request.RUN: self._resume,
        }[wanted](entry)
        return wanted is Request.RUN or entry.state not in OPEN

    def _entry(self, job: AnyJob) -> EngineJob:
        with self._changed:
            entry = self._entries.get(job.id)
        if entry is None or entry.job is not job:
            raise _unknown(job.id)
        return entry


def _unknown(number: int) -> UnknownJobIDException:
    return UnknownJobIDException(f"No job {number} here", hint="Submit the job first.")

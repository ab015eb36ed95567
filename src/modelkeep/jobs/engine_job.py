"""``EngineJob``: what an engine keeps of a job beside the job itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modelkeep.core.speed import Speed
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.job_events import EventQueue, JobEvent
from modelkeep.jobs.kinds import AnyJob, JobKind
from modelkeep.jobs.rows import JobChange, JobStore
from modelkeep.jobs.states import JobState, Request

#: Progress is an event after so many seconds, or a hundredth of the bytes.
_PROGRESS_SECONDS = 1.0
_SHARE = 100


@dataclass(eq=False)
class EngineJob:
    """A job in its engine.

    Attributes:
        store: Where it is stored.
        state: Where it is.
        control: Stops the run; a new one for every run.
        ended_at: Seconds since the epoch; None while it has not ended.
        events: Pending events of the run; None without listeners.
        is_left: It is held because its engine stops; the next one continues it.
        is_ending: How its run ended is stored already, or just about to be.
        notifier: The thread in which its listeners are called now.
        stored_details: Its details as they were stored last.
        speed: Bytes a second over the last seconds of its run; None before that is known.
    """

    job: AnyJob
    kind: JobKind[Any]
    store: JobStore
    state: JobState = JobState.IDLE
    wanted: Request = Request.RUN
    control: JobControl = field(default_factory=JobControl)
    ended_at: float | None = None
    events: EventQueue | None = None
    is_notified: bool = True
    is_left: bool = False
    is_ending: bool = False
    notifier: threading.Thread | None = None
    stored_details: str | None = None
    speed: float | None = None
    _meter: Speed | None = None
    _last_bytes: int = 0
    _last_at: float = 0.0

    def enter(self, state: JobState) -> None:
        """Go to another state.

        Raises:
            RuntimeError: no job may go there from where this one is.
        """
        if not self.state.may_become(state):
            raise RuntimeError(f"job {self.job.id} cannot go from {self.state} to {state}")
        self.state = state
        self.ended_at = time.time() if state.is_final else None
        self.kind.show(self.job, state)

    def new_run(self, save: Callable[[], None]) -> None:
        """Get ready for another run, whose details are stored by ``save``."""
        self.control = JobControl(self._report, self._enter_stage, save)
        self.wanted = Request.RUN
        self.is_left = self.is_ending = False
        self.speed = self._meter = None
        self.job.exception = None

    def put_event(self, event: JobEvent) -> None:
        """Have the listeners see an event."""
        if self.events is not None:
            self.events.put(event)

    def change(self, state: JobState) -> JobChange:
        """Return what has to be stored of the job when it is in ``state``."""
        job = self.job
        error_type, error, hint = self.kind.error_of(job)
        details = self.kind.encode(job) if self.store.outlives else None
        if details == self.stored_details:
            details = None
        return JobChange(
            status=state,
            bytes=job.bytes,
            total_bytes=job.total_bytes,
            key=self.kind.key_of(job),
            error_type=error_type,
            error=error,
            hint=hint,
            ended_at=(self.ended_at or time.time()) if state.is_final else None,
            speed=self.speed if state is JobState.RUNNING else None,
            details=details,
        )

    def measure(self, now: float) -> None:
        """Take in how far the run is, seconds of a clock that only runs forward."""
        if self._meter is None:
            self._meter = Speed(now, self.job.bytes)
        else:
            self.speed = self._meter.note(self.job.bytes, now)

    def _enter_stage(self) -> None:
        self.kind.enter_stage(self.job)
        self.put_event(JobEvent.STAGE)

    def _report(self, done: int, total: int) -> None:
        """Note how far the job is; now and then that is an event."""
        self.job.bytes, self.job.total_bytes = done, total
        if done == self._last_bytes == 0:  # that it began is another event
            return
        now = time.monotonic()
        step = max(total // _SHARE, 1)
        if abs(done - self._last_bytes) >= step or now - self._last_at >= _PROGRESS_SECONDS:
            self._last_bytes, self._last_at = done, now
            self.put_event(JobEvent.PROGRESS)

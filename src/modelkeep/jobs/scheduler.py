"""``Scheduler``: starts jobs that wait, as many at a time as their pools allow, and ends them."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from functools import partial

from modelkeep.errors import JobCancelledError, JobPausedError, ModelKeepError
from modelkeep.jobs.engine_job import EngineJob
from modelkeep.jobs.job_events import LAST_EVENTS, EventQueue, JobEvent
from modelkeep.jobs.states import JobState, Request
from modelkeep.jobs.workers import Workers
from modelkeep.jobs.writer import JobWriter

#: How long a job that has ended waits for listeners that have not seen its last progress.
_GRACE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class _Queue:
    """The jobs of one pool."""

    def __init__(self) -> None:
        self.jobs: list[tuple[int, int, int, EngineJob]] = []
        self.running = 0


class Scheduler:
    """Runs the job of a pool that has the lowest priority; of equals, the oldest.

    Args:
        paused: Called with a job that is paused now: something else may be asked of it by then.
        level: Of what is logged about jobs that go well.

    Attributes:
        changed: Guards the state of every job, and tells of its changes.
    """

    def __init__(
        self, writer: JobWriter, paused: Callable[[EngineJob], None], *, level: int
    ) -> None:
        self.changed = threading.Condition()
        self._writer = writer
        self._paused = paused
        self._level = level
        self._workers = Workers("modelkeep-job")
        self._pools: dict[str, _Queue] = {}
        self._begun = 0
        self._order = itertools.count()
        self._is_open = False

    def open(self) -> None:
        """Begin to start jobs."""
        self._is_open = True
        for pool in list(self._pools):
            self._fill(pool)

    def close(self) -> None:
        """Start no more jobs; those that run end."""
        self._is_open = False

    def dismiss(self) -> None:
        """Let the threads that have nothing to do end."""
        self._workers.dismiss()

    def put(self, entry: EngineJob) -> None:
        """Let a job wait for a thread of its pool."""
        pool = entry.kind.pool_of(entry.job)
        with self.changed:
            waiting = self._pools.setdefault(pool.name, _Queue())
            key = (entry.kind.priority_of(entry.job), entry.job.id, next(self._order))
            heapq.heappush(waiting.jobs, (*key, entry))
        self._fill(pool.name)

    def _fill(self, pool: str) -> None:
        """Start jobs while there is room for them."""
        while (entry := self._next(pool)) is not None:
            self._workers.run(partial(self._work, pool, entry))

    def _next(self, pool: str) -> EngineJob | None:
        """Give the next job of a pool its thread, if there is room for one."""
        entry = self._take(pool)
        if entry is not None:
            self._writer.note(entry)
            if entry.events is not None:
                self._workers.run(partial(self._notify, entry, entry.events))
        return entry

    def _take(self, pool: str) -> EngineJob | None:
        with self.changed:
            waiting = self._pools[pool]
            while self._is_open and waiting.jobs:
                entry = waiting.jobs[0][-1]
                job, kind = entry.job, entry.kind
                if entry.state is not JobState.WAITING:
                    heapq.heappop(waiting.jobs)
                    continue
                if waiting.running >= kind.pool_of(job).size:
                    return None
                heapq.heappop(waiting.jobs)
                waiting.running += 1
                self._begun += 1
                kind.begin(job, self._begun)
                entry.enter(JobState.RUNNING)
                entry.is_notified = False
                entry.events = EventQueue() if kind.has_listeners(job) else None
                return entry
        return None

    def _work(self, pool: str, entry: EngineJob) -> None:
        """Run one job after the other: handing each to another thread would cost small ones."""
        following: EngineJob | None = entry
        while following is not None:
            self._run(pool, following)
            following = self._next(pool)

    def _run(self, pool: str, entry: EngineJob) -> None:
        """Run a job; whatever it raises ends that job alone."""
        job, kind = entry.job, entry.kind
        if _log.isEnabledFor(self._level):
            _log.log(self._level, "%s begins: %s", _name_of(entry), kind.source_of(job))
        entry.put_event(JobEvent.STARTED)
        try:
            kind.run(job, entry.control)
        except BaseException as error:  # noqa: BLE001 - the thread must outlive any job
            state = _state_after(entry, error)
        else:
            state = JobState.COMPLETED
        self._settle(pool, entry, state)

    def _settle(self, pool: str, entry: EngineJob, state: JobState) -> None:
        job = entry.job
        if entry.events is not None:
            entry.events.wait_until_seen(_GRACE_SECONDS)
        if state is JobState.PAUSED and entry.wanted is Request.CANCEL:
            state = JobState.CANCELLED
            entry.kind.discard(job)
        is_left = state is JobState.PAUSED and entry.is_left and job.exception is None
        self._writer.settle(entry, JobState.WAITING if is_left else state)
        with self.changed:
            entry.enter(state)
            self._pools[pool].running -= 1
            entry.is_notified = entry.events is None
            self.changed.notify_all()
        entry.put_event(LAST_EVENTS[state])
        _log.log(self._level, "%s is %s", _name_of(entry), state)
        if state is JobState.PAUSED:
            self._paused(entry)

    def _notify(self, entry: EngineJob, events: EventQueue) -> None:
        """Have listeners see the events of one run, in the thread that is the job's."""
        entry.notifier = threading.current_thread()
        event = JobEvent.QUEUED
        while not event.ends_run:
            event = events.take()
            entry.kind.notify(entry.job, event)
        entry.notifier = None
        with self.changed:
            entry.is_notified = entry.is_notified or entry.events is events
            self.changed.notify_all()


def _state_after(entry: EngineJob, error: BaseException) -> JobState:
    """Return what becomes of a job whose run raised an error."""
    job, kind, wanted = entry.job, entry.kind, entry.control.wanted
    if entry.wanted is Request.CANCEL and isinstance(error, ModelKeepError):
        if not isinstance(error, JobCancelledError):  # whatever else went wrong meanwhile
            kind.discard(job)
        return JobState.CANCELLED
    if isinstance(error, JobPausedError):
        return JobState.PAUSED
    if isinstance(error, JobCancelledError):
        if wanted == "pause":
            return JobState.PAUSED
        if wanted == "interrupt":
            job.exception = kind.interruption(job)
            return JobState.ERROR
        return JobState.CANCELLED
    job.exception = error
    if not isinstance(error, ModelKeepError):
        _log.error("%s %s failed", kind.name, job.id, exc_info=error)
    return kind.state_after(job, error)


def _name_of(entry: EngineJob) -> str:
    """Return how the log calls a job; of one that is stored nowhere nobody knows the number."""
    job, kind = entry.job, entry.kind
    return f"{kind.name} {job.id}" if kind.is_stored(job) else f"{kind.name} of a part"

"""One engine runs jobs of every kind, in memory and in the state file."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import (
    ConnectionFailedError,
    JobPausedError,
    NoSpaceError,
    UnknownJobIDException,
    UsageError,
)
from modelkeep.jobs.commands import JobCommands
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.engine import JobEngine
from modelkeep.jobs.job_events import JobEvent
from modelkeep.jobs.kinds import AtStop, Job, Pool, SimpleKind
from modelkeep.jobs.memory import MemoryJobs
from modelkeep.jobs.rows import JobChange, JobRow, JobStore
from modelkeep.jobs.state_jobs import StateJobs
from modelkeep.jobs.states import JobState, Request

PATIENCE = 20


@dataclass(frozen=True)
class CountDetails:
    """What a counting job has to know."""

    steps: int
    fails: str = ""


class Count(SimpleKind[CountDetails]):
    """Counts step by step, once for every permit of its gate."""

    name = "count"
    details = CountDetails

    def __init__(self, size: int = 2) -> None:
        self.size = size
        self.gate = threading.Semaphore(0)
        self.is_open = False
        self.seen: list[tuple[int, JobEvent]] = []
        self.discarded: list[int] = []
        self.order: list[str] = []
        self.at_end = AtStop.PAUSE

    def new(self, source: str = "a", steps: int = 3, fails: str = "") -> Job[CountDetails]:
        return Job(CountDetails(steps, fails), source)

    def run(self, job: Job[CountDetails], control: JobControl) -> None:
        self.order.append(job.source)
        for step in range(job.bytes, job.details.steps):
            while not self.is_open and not self.gate.acquire(timeout=0.005):
                control.check()
            control.check()
            control.report(step + 1, job.details.steps)
        if job.details.fails == "paused":
            raise JobPausedError("it pauses itself")
        if job.details.fails:
            raise ConnectionFailedError(job.details.fails, hint="Try again.")

    def pool_of(self, job: Job[CountDetails]) -> Pool:
        del job
        return Pool("count", self.size)

    def priority_of(self, job: Job[CountDetails]) -> int:
        return int(job.source) if job.source.isdigit() else 10

    def state_after(self, job: Job[CountDetails], error: BaseException) -> JobState:
        del job
        return JobState.PAUSED if "later" in str(error) else JobState.ERROR

    def has_listeners(self, job: Job[CountDetails]) -> bool:
        del job
        return True

    def notify(self, job: Job[CountDetails], event: JobEvent) -> None:
        self.seen.append((job.id, event))

    def discard(self, job: Job[CountDetails]) -> None:
        self.discarded.append(job.id)

    def discard_stored(self, row: JobRow) -> None:
        self.discarded.append(row.id)

    def at_stop(self, job: Job[CountDetails]) -> AtStop:
        del job
        return self.at_end

    def events_of(self, job: Job[CountDetails]) -> list[JobEvent]:
        return [event for number, event in self.seen if number == job.id]


@dataclass
class Process:
    """An engine as if it were a process of its own."""

    path: Path
    kind: Count = field(default_factory=Count)

    def __post_init__(self) -> None:
        self.store = StateJobs.open(self.path)
        self.engine = JobEngine([self.kind], self.store)
        self.commands = JobCommands([self.engine])
        self.engine.start()

    def submit(self, *args: Any, start: bool = True) -> Job[CountDetails]:
        job = self.kind.new(*args)
        self.engine.submit(self.kind, job, start=start)
        return job

    def status(self, number: int) -> JobState:
        self.engine.flush()
        return self.store.get(number).status

    def die(self) -> None:
        """End as by ``kill -9``: nothing more is written down, and the lock is free."""
        self.store._is_closed = True
        self.engine.stop(1)
        self.store._owner.release()

    def close(self) -> None:
        self.kind.is_open = True
        self.engine.stop(PATIENCE)
        self.store.close()


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobStore]:
    made: JobStore = MemoryJobs() if request.param == "memory" else StateJobs.open(tmp_path / "s")
    yield made
    made.close()


@pytest.fixture
def kind() -> Count:
    return Count()


@pytest.fixture
def engine(store: JobStore, kind: Count) -> Iterator[JobEngine]:
    made = JobEngine([kind], store)
    made.start()
    yield made
    kind.is_open = True
    made.stop(PATIENCE)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    begun: list[Process] = []

    def new() -> Process:
        begun.append(Process(tmp_path / "state.db"))
        return begun[-1]

    yield new
    for process in begun:
        process.close()


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def submitted(engine: JobEngine, kind: Count, *args: Any, start: bool = True) -> Job[CountDetails]:
    job = kind.new(*args)
    engine.submit(kind, job, start=start)
    return job


# -- one process


def test_a_job_runs_and_its_listeners_are_told(engine: JobEngine, kind: Count) -> None:
    kind.is_open = True
    job = submitted(engine, kind)
    engine.wait()
    assert (job.state, job.bytes, job.total_bytes) == (JobState.COMPLETED, 3, 3)
    seen = kind.events_of(job)
    assert [seen[0], seen[1], seen[-1]] == [JobEvent.QUEUED, JobEvent.STARTED, JobEvent.COMPLETED]
    assert set(seen[2:-1]) == {JobEvent.PROGRESS}
    row = engine.store.get(job.id)
    assert (row.status, row.bytes, row.source) == (JobState.COMPLETED, 3, "a")
    assert row.ended_at is not None
    with pytest.raises(UsageError):
        engine.submit(kind, job)


def test_a_job_that_fails_says_why(engine: JobEngine, kind: Count) -> None:
    kind.is_open = True
    job = submitted(engine, kind, "a", 1, "no line")
    held = submitted(engine, kind, "b", 1, "later")
    paused = submitted(engine, kind, "c", 1, "paused")
    engine.wait()
    row = engine.store.get(job.id)
    assert (job.state, row.error_type, row.error) == ("error", "ConnectionFailedError", "no line")
    assert row.hint == "Try again."
    assert (held.state, str(held.exception)) == ("paused", "later")
    assert engine.store.get(held.id).error == "later"
    assert (paused.state, paused.exception) == ("paused", None)


def test_a_running_job_is_paused_and_resumed(engine: JobEngine, kind: Count) -> None:
    job = submitted(engine, kind)
    kind.gate.release()
    until(lambda: job.bytes == 1)
    engine.pause(job)
    engine.wait()
    assert engine.store.get(job.id).status is JobState.PAUSED
    engine.resume(job)
    kind.is_open = True
    engine.wait()
    assert job.state is JobState.COMPLETED
    assert JobEvent.PAUSED in kind.events_of(job)


def test_a_pause_that_is_withdrawn_while_the_job_stops(engine: JobEngine, kind: Count) -> None:
    job = submitted(engine, kind)
    until(lambda: job.state is JobState.RUNNING)
    engine.pause(job)
    engine.resume(job)
    kind.is_open = True
    engine.wait()
    assert job.state is JobState.COMPLETED


def test_a_job_is_cancelled_in_each_state(engine: JobEngine, kind: Count) -> None:
    running = [submitted(engine, kind, name) for name in "ab"]
    until(lambda: all(job.state is JobState.RUNNING for job in running))
    waiting, paused = submitted(engine, kind, "c"), submitted(engine, kind, "d")
    idle = submitted(engine, kind, "e", start=False)
    engine.pause(paused)
    jobs = [*running, waiting, paused, idle]
    for job in jobs[2:]:
        engine.cancel(job)
        assert job.state is JobState.CANCELLED
    for job in running:
        engine.cancel(job)
    engine.wait()
    assert {job.state for job in jobs} == {JobState.CANCELLED}
    assert kind.discarded == [job.id for job in jobs[2:]]
    assert all(kind.events_of(job)[-1] is JobEvent.CANCELLED for job in jobs)
    assert len(engine.remove_ended()) == 5
    assert engine.jobs() == []
    with pytest.raises(UnknownJobIDException):
        engine.resume(idle)


def test_low_priorities_run_first_and_pools_are_as_large_as_they_say(store: JobStore) -> None:
    kind = Count(size=1)
    engine = JobEngine([kind], store)
    engine.start()
    gate = submitted(engine, kind, "0")
    until(lambda: gate.state is JobState.RUNNING)
    for source in ("30", "20", "1"):
        submitted(engine, kind, source)
    kind.is_open = True
    engine.wait()
    assert kind.order == ["0", "1", "20", "30"]
    engine.stop()


@pytest.mark.parametrize("interval", [None, 1e-6])
def test_no_job_is_lost(engine: JobEngine, kind: Count, interval: float | None) -> None:
    submitted_jobs: list[list[Job[CountDetails]]] = [[] for _ in range(8)]
    kind.is_open = True

    def submit(number: int) -> None:
        for each in range(25):
            submitted_jobs[number].append(submitted(engine, kind, f"{number}-{each}", 1))

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval or before)
    try:
        threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.wait()
    finally:
        sys.setswitchinterval(before)
    jobs = [job for some in submitted_jobs for job in some]
    assert {job.id for job in engine.jobs()} == {job.id for job in jobs}
    assert {job.state for job in jobs} == {JobState.COMPLETED}
    assert {row.status for row in engine.store.all()} == {JobState.COMPLETED}


def test_a_job_that_a_foreign_fault_ends_harms_no_other(engine: JobEngine, kind: Count) -> None:
    class Broken(Count):
        name = "broken"

        def run(self, job: Job[CountDetails], control: JobControl) -> None:
            del job, control
            raise SystemExit

    kind.is_open = True
    broken = submitted(engine, Broken(), "x")
    fine = submitted(engine, kind)
    engine.wait()
    assert (broken.state, fine.state) == (JobState.ERROR, JobState.COMPLETED)
    assert engine.store.get(broken.id).error_type == "SystemExit"


# -- the end of an engine


@pytest.mark.parametrize(
    ("rule", "running", "waiting"),
    [
        (AtStop.PAUSE, "waiting", "waiting"),
        (AtStop.INTERRUPT, "error", "error"),
        (AtStop.FINISH, "completed", "cancelled"),
    ],
)
def test_what_becomes_of_jobs_at_the_end_is_the_business_of_their_kind(
    begin: Callable[[], Process], rule: AtStop, running: str, waiting: str
) -> None:
    process = begin()
    process.kind.at_end, process.kind.size = rule, 1
    first, second = process.submit("a"), process.submit("b")
    until(lambda: first.state is JobState.RUNNING)
    stopper = threading.Thread(target=process.engine.stop)
    stopper.start()
    until(lambda: second.state is not JobState.WAITING)
    process.kind.is_open = rule is AtStop.FINISH
    stopper.join()
    assert (process.status(first.id), process.status(second.id)) == (running, waiting)
    other = begin()
    taken = other.engine.take_over()
    assert len(taken) == (2 if rule is AtStop.PAUSE else 0)


def test_an_end_that_cannot_be_stored_is_stored_later(
    begin: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = begin()
    process.kind.is_open = True
    is_full = threading.Event()
    refused = threading.Event()
    real = process.store.beat

    def beat(changes: dict[int, JobChange]) -> None:
        if is_full.is_set():
            refused.set()
            raise NoSpaceError("full", hint="Free some space.")
        real(changes)

    monkeypatch.setattr(process.store, "beat", beat)
    is_full.set()
    job = process.submit()
    process.engine.wait()
    assert refused.is_set()
    assert job.state is JobState.COMPLETED
    assert process.store.get(job.id).status is JobState.WAITING
    is_full.clear()
    until(lambda: process.store.get(job.id).status is JobState.COMPLETED)


def test_an_engine_without_open_jobs_does_not_look_for_requests(
    begin: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = begin()
    asked = threading.Event()
    real = process.store.requests

    def requests() -> dict[int, Request]:
        asked.set()
        return real()

    monkeypatch.setattr(process.store, "requests", requests)
    held = process.submit("a", start=False)
    assert asked.wait(PATIENCE)
    process.engine.cancel(held)
    until(lambda: _sleeps(process))
    asked.clear()
    time.sleep(0.6)  # several times as long as it takes to look
    assert not asked.is_set()


def _sleeps(process: Process) -> bool:
    thread = process.engine._listener._thread
    frame = sys._current_frames().get(thread.ident or 0) if thread is not None else None
    names = []
    while frame is not None:
        names.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return not process.engine._unended() and any(name == "_listen" for name, _ in names)


# -- several processes


def test_another_process_pauses_resumes_and_cancels(begin: Callable[[], Process]) -> None:
    mine, other = begin(), begin()
    job = mine.submit()
    until(lambda: job.state is JobState.RUNNING)
    other.commands.pause(job.id)
    assert other.commands.wait_for(job.id, Request.PAUSE).status == "paused"
    assert other.commands.resume(job.id) is None
    until(lambda: job.state is JobState.RUNNING)
    other.commands.cancel(job.id)
    assert other.commands.wait_for(job.id, Request.CANCEL).status == "cancelled"
    until(lambda: job.state is JobState.CANCELLED)
    other.kind.is_open = True
    again = other.commands.retry(job.id)
    other.engine.wait()
    assert (again.id, again.state) == (job.id, JobState.COMPLETED)


def test_jobs_of_a_dead_process_are_taken_over_once(begin: Callable[[], Process]) -> None:
    dead = begin()
    jobs = [dead.submit(str(number)) for number in range(6)]
    until(lambda: jobs[0].state is JobState.RUNNING)
    dead.die()
    processes = [begin(), begin()]
    assert {row.status for row in processes[0].commands.rows()} == {JobState.WAITING}
    threads = [threading.Thread(target=each.engine.take_over) for each in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in processes:
        each.kind.is_open = True
        each.engine.wait()
    taken = [job.id for each in processes for job in each.engine.jobs()]
    assert sorted(taken) == [job.id for job in jobs]
    assert {row.status for row in processes[0].commands.rows()} == {JobState.COMPLETED}


def test_jobs_of_a_dead_process_are_held_and_cancelled(begin: Callable[[], Process]) -> None:
    dead = begin()
    first, second = dead.submit("a"), dead.submit("b")
    dead.die()
    other = begin()
    assert other.commands.pause(first.id).status is JobState.PAUSED
    assert other.commands.cancel(second.id).status is JobState.CANCELLED
    assert other.kind.discarded == [second.id]
    assert other.engine.take_over() == []
    other.kind.is_open = True
    assert other.commands.resume(first.id) is not None
    other.engine.wait()
    assert [row.status for row in other.commands.rows()] == ["completed", "cancelled"]
    assert other.commands.prune() == 2
    assert other.commands.rows() == []


def test_what_cannot_be_done_says_what_can(begin: Callable[[], Process]) -> None:
    process = begin()
    process.kind.is_open = True
    job = process.submit()
    process.engine.wait()
    commands = process.commands
    for act in (commands.pause, commands.cancel, commands.resume, commands.retry):
        with pytest.raises(UsageError) as caught:
            act(job.id)
        assert caught.value.hint
        with pytest.raises(UnknownJobIDException):
            act(99)
    failed = process.submit("a", 1, "no line")
    process.engine.wait()
    with pytest.raises(UsageError, match="type cannot be used with it"):
        commands.retry(failed.id, {"type": "lora"})


def test_details_are_typed_and_stored_as_json(begin: Callable[[], Process]) -> None:
    process = begin()
    job = process.submit("a", 7, start=False)
    row = process.store.get(job.id)
    assert json.loads(row.details) == {"steps": 7, "fails": ""}
    assert process.kind.decode(row).details == CountDetails(7)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (JobState.COMPLETED, JobState.WAITING),
        (JobState.IDLE, JobState.RUNNING),
        (JobState.PAUSED, JobState.COMPLETED),
        (JobState.CANCELLED, JobState.RUNNING),
    ],
)
def test_some_transitions_are_not_allowed(before: JobState, after: JobState) -> None:
    assert not before.may_become(after)

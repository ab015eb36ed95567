"""Downloads submitted, held, resumed, cancelled, stopped and killed in any order.

Whatever was done, every job ends as one of completed, failed or cancelled, or waits; the bytes of
what completed are right; and nothing that belongs to others is touched.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.download.job import DownloadJobBase, DownloadJobStatus
from modelkeep.errors import UnknownJobIDException, UsageError
from support.downloads import data, left
from support.queues import Process
from support.rounds import rounds
from support.waiting import until

SIZE = 96_001
BODIES = [data(SIZE, seed) for seed in range(3)]
MINE = b"this is mine"
_ENDED = {"completed", "error", "cancelled"}
_STATES = {"idle", "waiting", "running", "paused", *_ENDED}


class AnyOrder(RuleBasedStateMachine):
    """Two processes on one state file and one folder, of which one is killed at times."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.files = self.root / "files"
        self.files.mkdir()
        (self.files / "taken").write_bytes(MINE)
        self.server = FaultServer()
        self.server.__enter__()
        self.links = []
        for number, body in enumerate(BODIES):
            page = Page(body, etag=f'"{number}"', rate=2_000_000)
            self.links.append(self.server.serve(f"/{number}", page))
        self.links.append(self.server.serve("/gone", Page(b"", status=404)))
        self.wanted: dict[int, tuple[str, int]] = {}
        self.ended: dict[int, str] = {}
        self.processes: list[Process] = []

    @initialize()
    def begin(self) -> None:
        self.processes = [self.new(takes_over=True), self.new(takes_over=False)]

    def new(self, *, takes_over: bool) -> Process:
        return Process(self.root / "state.db", takes_over=takes_over, max_parallel_dl=2)

    @rule(
        target=jobs,
        which=st.integers(0, 3),
        name=st.sampled_from(["a", "b", "c", "taken"]),
        start=st.booleans(),
        by=st.integers(0, 1),
    )
    def submit(self, which: int, name: str, start: bool, by: int) -> int:
        job = self.processes[by].get(self.links[which], self.files / name, start=start)
        self.wanted[job.id] = (name, which)
        self.ended.pop(job.id, None)
        return job.id

    @rule(job=jobs, by=st.integers(0, 1))
    def pause(self, job: int, by: int) -> None:
        self.act(by, "pause", job)

    @rule(job=jobs, by=st.integers(0, 1))
    def resume(self, job: int, by: int) -> None:
        self.act(by, "resume", job)

    @rule(job=jobs, by=st.integers(0, 1))
    def cancel(self, job: int, by: int) -> None:
        self.act(by, "cancel", job)

    @rule(job=jobs, by=st.integers(0, 1))
    def retry(self, job: int, by: int) -> None:
        if self.act(by, "retry", job):
            self.ended.pop(job, None)

    @rule(job=jobs)
    def look(self, job: int) -> None:
        """Give the job a little time: as long as it takes to look at it a few times."""
        for _ in range(5):
            assert self.status(job) in _STATES

    @rule(by=st.integers(0, 1))
    def stop(self, by: int) -> None:
        self.processes[by].stop()
        self.processes[by] = self.new(takes_over=by == 0)

    @rule(by=st.integers(0, 1))
    def kill(self, by: int) -> None:
        self.processes[by].die()
        self.processes[by] = self.new(takes_over=by == 0)

    def act(self, by: int, name: str, job: int) -> bool:
        try:
            getattr(self.processes[by].control, name)(job)
        except UsageError:
            return False
        except UnknownJobIDException:  # its process put it down at this moment
            return False
        return True

    def status(self, job: int) -> str:
        return self.processes[0].status(job)

    @invariant()
    def what_belongs_to_others_is_there(self) -> None:
        assert (self.files / "taken").read_bytes() == MINE

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        if not self.processes:
            return
        for row in self.processes[0].control.rows():
            assert row.status in _STATES
            assert (row.ended_at is not None) is (row.status in _ENDED)
            assert self.ended.get(row.id, row.status) == row.status
            if row.status in _ENDED:
                self.ended[row.id] = row.status

    def teardown(self) -> None:
        try:
            if self.processes:
                self.end()
        finally:
            self.server.__exit__(None, None, None)
            shutil.rmtree(self.root)

    def end(self) -> None:
        """See all through that waits or runs, and compare what is there with what it should be."""
        self.processes[1].stop()
        process = self.processes[0]
        process.queue.engine.take_over(held=True)
        held = {DownloadJobStatus.PAUSED, DownloadJobStatus.IDLE}
        until(lambda: all(j.in_terminal_state or j.status in held for j in self.mine()))
        rows = process.control.rows()
        assert {row.id for row in rows} == set(self.wanted)
        done = set()
        for row in rows:
            name, which = self.wanted[row.id]
            assert row.status in {"completed", "error", "cancelled", "paused", "idle"}
            if row.status == "error":
                assert row.error
                assert row.error_type
            if row.status == "completed":
                done.add(name)
                assert (self.files / name).read_bytes() == BODIES[which]
        # One that was killed when its file had just got its name may have been put back to idle.
        files = {name for name in left(self.files) if ".part" not in name}
        assert files >= {"taken", *done}
        for name in files - {"taken"}:
            wanted = [which for asked, which in self.wanted.values() if asked == name]
            assert (self.files / name).read_bytes() in [BODIES[n] for n in wanted if n in (0, 1, 2)]
        process.queue.cancel_all_jobs()
        process.queue.join(20)
        process.stop()
        failed = {self.wanted[row.id][0] for row in rows if row.status == "error"}
        rest = set(left(self.files)) - files
        assert {name.partition(".")[0] for name in rest} <= failed  # they keep what has come

    def mine(self) -> list[DownloadJobBase]:
        return list(self.processes[0].queue.list_jobs())


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=rounds(25),
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

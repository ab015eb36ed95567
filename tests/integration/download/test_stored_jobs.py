"""Downloads in the state file: after a restart, and as other processes see and steer them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.download.job import DownloadJobBase, DownloadJobStatus, DownloadJobURL
from modelkeep.errors import SecretNeededError, UnknownJobIDException, UsageError
from modelkeep.jobs.rows import NewJob
from modelkeep.jobs.states import Request
from support.downloads import MIB, data, left
from support.queues import Process
from support.waiting import until

BODY = data(MIB + 17, 1)
SHA256 = hashlib.sha256(BODY).hexdigest()
SLOW = Page(BODY, etag='"1"', rate=MIB)

Begin = Callable[..., Process]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begin a process on the state file; all are stopped in the end."""
    begun: list[Process] = []

    def new(**options: Any) -> Process:
        begun.append(Process(tmp_path / "databases" / "state.db", **options))
        return begun[-1]

    yield new
    for process in begun:
        if not process.store._is_closed:
            process.queue.cancel_all_jobs()
            process.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def some_arrived(job: DownloadJobBase) -> None:
    until(lambda: job.bytes > MIB // 8 or job.in_terminal_state)
    assert job.running


class TestRestart:
    def test_every_job_is_as_it_was(self, server: FaultServer, begin: Begin, folder: Path) -> None:
        fast = server.serve("/fast", Page(BODY))
        slow = server.serve("/slow", SLOW, SLOW.but(rate=None))
        gone = server.serve("/gone", Page(b"", status=404))
        first = begin(max_parallel_dl=1)
        done = first.get(fast, folder / "done")
        failed = first.get(gone, folder / "failed")
        first.queue.join()
        running = first.get(slow, folder / "running", hashes={"sha256": SHA256}, priority=1)
        some_arrived(running)
        waiting = first.get(fast, folder / "waiting", priority=7)
        paused = first.get(fast, folder / "paused")
        idle = first.get(fast, folder / "idle", start=False)
        dropped = first.get(fast, folder / "dropped")
        first.queue.pause_job(paused)
        first.queue.cancel_job(dropped)
        first.die()

        second = begin()
        until(lambda: second.status(running.id) == second.status(waiting.id) == "completed")
        assert second.status(paused.id) == "paused"
        assert second.status(idle.id) == "idle"
        assert second.status(done.id) == "completed"
        assert second.status(failed.id) == "error"
        assert second.status(dropped.id) == "cancelled"
        held = {job.id: job for job in second.queue.list_jobs()}
        assert set(held) == {running.id, waiting.id, paused.id, idle.id}
        again = held[running.id]
        assert (again.priority, held[waiting.id].priority) == (1, 7)
        assert isinstance(again, DownloadJobURL)
        assert again.hashes == {"sha256": SHA256}
        assert again.started_at == running.started_at
        assert left(folder) == ["done", "running", "waiting"]
        assert (folder / "running").read_bytes() == BODY
        assert [r.start > 0 for r in server.asked("/slow")][-1]
        second.queue.start_all_jobs()
        second.queue.join()
        assert (folder / "paused").read_bytes() == (folder / "idle").read_bytes() == BODY

    def test_a_queue_that_stops_leaves_its_jobs_to_the_next(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/slow", SLOW, SLOW.but(rate=None))
        first = begin(max_parallel_dl=1)
        running, waiting = (first.get(url, folder / name) for name in "ab")
        some_arrived(running)
        first.queue.stop()
        assert running.paused
        assert waiting.paused
        assert first.status(running.id) == first.status(waiting.id) == "waiting"
        second = begin()
        second.queue.join()
        assert second.status(running.id) == second.status(waiting.id) == "completed"
        assert left(folder) == ["a", "b"]

    def test_a_queue_can_be_stopped_and_started(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/slow", SLOW, SLOW.but(rate=None))
        process = begin()
        job = process.get(url, folder / "a")
        some_arrived(job)
        process.queue.stop()
        process.queue.start()
        process.queue.join()
        assert job.complete
        assert process.queue.list_jobs() == [job]

    def test_the_same_download_again_goes_on_with_the_old_job(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/slow", SLOW, SLOW.but(rate=None))
        first = begin()
        job = first.get(url, folder / "a")
        some_arrived(job)
        first.queue.pause_job(job)
        first.queue.join()
        first.die()
        second = begin(takes_over=False)
        assert second.queue.list_jobs() == []
        other, again = second.get(url, folder / "b"), second.get(url, folder / "a")
        assert again.id == job.id
        assert other.id != job.id
        second.queue.join()
        assert (folder / "a").read_bytes() == BODY
        assert len(second.control.rows()) == 2

    def test_two_queues_that_start_at_once_share_what_is_left(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/fast", Page(BODY))
        first = begin(max_parallel_dl=1)
        gate = first.get(server.serve("/slow", SLOW), folder / "gate")
        for number in range(8):
            first.get(url, folder / str(number))
        some_arrived(gate)
        first.die()
        ready = threading.Barrier(2)
        found: list[Process] = []

        def run() -> None:
            process = begin(takes_over=False)
            ready.wait(10)
            process.queue.engine.take_over(held=True)
            process.queue.join()
            found.append(process)

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = [job.id for process in found for job in process.queue.list_jobs()]
        assert len(taken) == len(set(taken)) == 9
        assert {row.status for row in found[0].control.rows()} == {"completed"}


class TestSecrets:
    def test_a_token_is_not_stored_and_is_asked_for(
        self, server: FaultServer, begin: Begin, folder: Path, tmp_path: Path
    ) -> None:
        page = SLOW.but(token="Bearer hush-hush")
        url = server.serve("/a", page, page.but(rate=None))
        first = begin()
        job = first.get(url, folder / "a", access_token="hush-hush")
        some_arrived(job)
        first.die()
        for path in (tmp_path / "databases").iterdir():
            if path.is_file():
                assert b"hush-hush" not in path.read_bytes()
        second = begin()
        second.queue.join()
        [again] = second.queue.list_jobs()
        assert again.paused
        assert isinstance(again.exception, SecretNeededError)
        [row] = second.control.rows()
        assert (row.status, row.error_type) == ("paused", "SecretNeededError")
        assert "needs its token" in (row.error or "")
        assert "--token" in (row.hint or "")
        second.stop()
        third = begin()
        job = third.get(url, folder / "a", access_token="hush-hush")
        third.queue.join()
        assert job.complete
        assert [each.id for each in third.control.rows()] == [row.id]
        assert (folder / "a").read_bytes() == BODY

    def test_somebody_may_know_the_token(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        page = SLOW.but(token="Bearer hush")
        url = server.serve("/a", page, page.but(rate=None))
        first = begin()
        job = first.get(url, folder / "a", access_token="hush")
        some_arrived(job)
        first.die()
        second = begin(token_for={url: "hush"}.get)
        second.queue.join()
        assert second.status(job.id) == "completed"

    def test_a_signed_link_is_not_stored_and_goes_on_with_a_fresh_one(
        self, server: FaultServer, begin: Begin, folder: Path, tmp_path: Path
    ) -> None:
        url = server.serve("/a", SLOW, SLOW.but(rate=None))
        first = begin()
        job = first.get(f"{url}?X-Signature=hush-1", folder / "a")
        some_arrived(job)
        first.die()
        for path in [*(tmp_path / "databases").iterdir(), *folder.iterdir()]:
            if path.is_file():
                assert b"hush" not in path.read_bytes()
        second = begin(takes_over=False)
        held = second.control.resume(job.id)
        assert held is not None
        second.queue.join()
        assert "needs its link again" in str(held.exception)
        assert second.status(job.id) == "paused"
        second.stop()
        third = begin(takes_over=False)
        again = third.get(f"{url}?X-Signature=hush-2", folder / "a")
        assert again.id == job.id
        third.queue.join()
        assert (folder / "a").read_bytes() == BODY
        assert server.sent < len(BODY) + MIB // 2

    def test_a_refused_link_shows_no_secret_in_the_list(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/a", Page(b"", status=403))
        process = begin()
        process.get(f"{url}?sig=hush", folder / "a")
        process.queue.join()
        assert "hush" not in repr(process.control.rows())


class TestFromAnotherProcess:
    def test_pause_resume_and_cancel_what_runs(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/slow", SLOW)
        mine, other = begin(), begin()
        job = mine.get(url, folder / "a")
        some_arrived(job)
        other.control.pause(job.id)
        assert other.control.wait_for(job.id, Request.PAUSE).status == "paused"
        assert job.paused
        assert other.control.resume(job.id) is None
        assert other.control.wait_for(job.id, Request.RUN).status in {"waiting", "running"}
        some_arrived(job)
        other.control.cancel(job.id)
        assert other.control.wait_for(job.id, Request.CANCEL).status == "cancelled"
        assert job.cancelled
        assert left(folder) == []
        assert other.control.retry(job.id).id == job.id

    @pytest.mark.parametrize("state", ["waiting", "paused", "idle"])
    def test_cancel_what_does_not_run(
        self, server: FaultServer, begin: Begin, folder: Path, state: str
    ) -> None:
        url = server.serve("/slow", SLOW)
        mine, other = begin(max_parallel_dl=1), begin()
        mine.get(url, folder / "gate")
        job = mine.get(url, folder / "a", start=state != "idle")
        if state == "paused":
            mine.queue.pause_job(job)
        assert mine.status(job.id) == state
        other.control.cancel(job.id)
        assert other.control.wait_for(job.id, Request.CANCEL).status == "cancelled"
        assert job.cancelled

    @pytest.mark.parametrize("state", ["waiting", "paused", "idle"])
    def test_pause_and_resume_what_does_not_run(
        self, server: FaultServer, begin: Begin, folder: Path, state: str
    ) -> None:
        url = server.serve("/fast", Page(BODY))
        mine, other = begin(max_parallel_dl=1), begin()
        gate = mine.get(server.serve("/slow", SLOW), folder / "gate")
        job = mine.get(url, folder / "a", start=state != "idle")
        if state == "paused":
            mine.queue.pause_job(job)
        other.control.pause(job.id)
        other.control.wait_for(job.id, Request.PAUSE)
        until(lambda: job.paused)
        other.control.resume(job.id)
        until(lambda: job.waiting)
        mine.queue.cancel_job(gate)
        until(lambda: job.complete)

    def test_what_a_dead_process_left(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        url = server.serve("/slow", SLOW, SLOW, SLOW.but(rate=None))
        dead = begin()
        jobs = [dead.get(url, folder / name) for name in "ab"]
        for job in jobs:
            some_arrived(job)
        dead.die()
        other = begin(takes_over=False)
        assert [row.status for row in other.control.rows()] == ["waiting", "waiting"]
        assert "a.part" in left(folder)
        other.control.cancel(jobs[0].id)
        assert not any(name.startswith("a") for name in left(folder))
        other.control.pause(jobs[1].id)
        assert [row.status for row in other.control.rows()] == ["cancelled", "paused"]
        assert other.control.take_over() == []
        assert other.control.resume(jobs[1].id) is not None
        other.queue.join()
        assert left(folder) == ["b"]

    def test_what_cannot_be_done_says_what_can(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        mine, other = begin(), begin()
        job = mine.get(server.serve("/a", Page(BODY)), folder / "a")
        mine.queue.join()
        for act in (other.control.pause, other.control.cancel, other.control.resume):
            with pytest.raises(UsageError) as caught:
                act(job.id)
            assert caught.value.hint
        with pytest.raises(UsageError, match="cannot be restarted"):
            other.control.retry(job.id)
        with pytest.raises(UnknownJobIDException):
            other.control.pause(99)
        install = other.store.add(NewJob("install", "a.safetensors", "{}"), unowned=True)
        with pytest.raises(UsageError, match="of the kind install"):
            other.control.resume(install)
        assert [row.kind for row in other.control.rows()] == ["download", "install"]

    def test_prune_forgets_what_has_ended(
        self, server: FaultServer, begin: Begin, folder: Path
    ) -> None:
        mine, other = begin(), begin()
        mine.get(server.serve("/a", Page(BODY)), folder / "a")
        mine.queue.join()
        held = mine.get(server.serve("/b", Page(BODY)), folder / "b", start=False)
        assert other.control.prune() == 1
        assert [row.id for row in mine.control.rows()] == [held.id]


class TestOneDestination:
    @pytest.mark.parametrize("known", [{}, {"hashes": {"sha256": SHA256}}])
    def test_two_processes_that_want_the_same_file(
        self, server: FaultServer, begin: Begin, folder: Path, known: dict[str, Any]
    ) -> None:
        url = server.serve("/a", SLOW.but(rate=4 * MIB))
        processes = [begin(), begin()]
        jobs = [process.get(url, folder / "a", **known) for process in processes]
        for process in processes:
            process.queue.join()
        assert (folder / "a").read_bytes() == BODY
        assert left(folder) == ["a"]
        for job in jobs:
            assert job.complete or "is being downloaded by another" in str(job.exception)
        assert any(job.complete for job in jobs)

    def test_two_files_for_one_name(self, server: FaultServer, begin: Begin, folder: Path) -> None:
        other = data(MIB + 17, 2)
        urls = [
            server.serve("/a", SLOW.but(rate=4 * MIB)),
            server.serve("/b", Page(other, rate=4 * MIB)),
        ]
        processes = [begin(), begin()]
        jobs = [p.get(url, folder / "a") for p, url in zip(processes, urls, strict=True)]
        for process in processes:
            process.queue.join()
        [winner] = [n for n, job in enumerate(jobs) if job.complete]
        assert (folder / "a").read_bytes() == [BODY, other][winner]
        assert jobs[1 - winner].status is DownloadJobStatus.ERROR
        assert jobs[1 - winner].hint

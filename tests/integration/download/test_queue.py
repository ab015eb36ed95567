"""The download queue as the specification's two forms use it, against a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from pydantic import AnyHttpUrl, ValidationError

from faults.pages import Page, login_page
from faults.server import FaultServer
from modelkeep.core.events import LocalEventBus
from modelkeep.download.job import (
    DownloadJobBase,
    DownloadJobPath,
    DownloadJobRemoteSource,
    DownloadJobStatus,
    DownloadJobURL,
)
from modelkeep.download.queue import DownloadQueueService
from modelkeep.errors import (
    ServiceInactiveException,
    SourceNotFoundError,
    TargetTakenError,
    UnknownJobIDException,
    UsageError,
)
from modelkeep.http.options import TransferOptions
from support.downloads import MIB, data
from support.waiting import until

BODY = data(3 * MIB + 17, 1)
QUICK = TransferOptions(tries=2, backoff_base=0.005, backoff_cap=0.01)


@pytest.fixture
def queue() -> Iterator[DownloadQueueService]:
    made = DownloadQueueService(options=QUICK)
    made.start()
    yield made
    made.cancel_all_jobs()
    made.stop()


def statuses(seen: list[str]) -> Callable[[DownloadJobBase], None]:
    return lambda job: seen.append(job.status.value)


def once_each(seen: list[str]) -> list[str]:
    return [word for n, word in enumerate(seen) if n == 0 or seen[n - 1] != word]


class TestDocument:
    """The form in the design document."""

    def test_a_job_that_was_made_by_hand(self, server: FaultServer, tmp_path: Path) -> None:
        seen: list[str] = []
        queue = DownloadQueueService(event_handlers=[statuses(seen)])
        job = DownloadJobRemoteSource(
            source=server.serve("/m/13456", Page(BODY, disposition='attachment; filename="m.bin"')),
            destination=tmp_path,
        )
        queue.submit_download_job(job, start=True)
        queue.join()
        assert (tmp_path / "m.bin").read_bytes() == BODY
        assert job.download_path == tmp_path / "m.bin"
        assert once_each(seen) == ["enqueued", "running", "completed"]
        assert (job.bytes, job.total_bytes) == (len(BODY), len(BODY))
        assert queue.list_jobs() == [job]
        assert queue.id_to_job(job.id) is job
        queue.prune_jobs()
        assert queue.list_jobs() == []
        with pytest.raises(UnknownJobIDException):
            queue.start_job(job)

    def test_a_job_that_the_queue_makes(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        url = server.serve("/file.bin", Page(BODY))
        first = queue.create_download_job(source=url, destdir=tmp_path, filename="given.bin")
        second = queue.create_download_job(AnyHttpUrl(url), tmp_path / "new", start=False)
        queue.join()
        assert isinstance(first, DownloadJobURL)
        assert (tmp_path / "given.bin").read_bytes() == BODY
        assert second.status is DownloadJobStatus.IDLE
        queue.start_job(second)
        queue.join()
        assert (tmp_path / "new" / "file.bin").read_bytes() == BODY

    def test_a_path_is_moved(self, queue: DownloadQueueService, tmp_path: Path) -> None:
        source = tmp_path / "model"
        (source / "vae").mkdir(parents=True)
        (source / "vae" / "a.bin").write_bytes(b"a")
        (tmp_path / "there").mkdir()
        job = queue.create_download_job(source, tmp_path / "there")
        gone = queue.create_download_job(tmp_path / "nothing", tmp_path / "there")
        queue.join()
        assert isinstance(job, DownloadJobPath)
        assert job.complete, job.error
        assert job.download_path == tmp_path / "there" / "model"
        assert (tmp_path / "there/model/vae/a.bin").read_bytes() == b"a"
        assert not source.exists()
        assert isinstance(gone.exception, SourceNotFoundError)

    def test_pausing_and_going_on(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        seen: list[str] = []
        url = server.serve("/slow.bin", Page(BODY, etag='"1"', rate=4 * MIB))
        job = queue.create_download_job(url, tmp_path, "slow.bin", event_handlers=[statuses(seen)])
        until(lambda: job.bytes > MIB // 2)
        queue.pause_job(job)
        until(lambda: job.paused)
        queue.join()
        assert job.status is DownloadJobStatus.PAUSED
        assert not (tmp_path / "slow.bin").exists()
        queue.start_job(job)
        queue.join()
        assert (tmp_path / "slow.bin").read_bytes() == BODY
        assert once_each(seen) == ["enqueued", "running", "paused", "running", "completed"]
        assert server.sent < len(BODY) + 2 * MIB

    def test_priorities_come_before_age(self, server: FaultServer, tmp_path: Path) -> None:
        queue = DownloadQueueService(max_parallel_dl=1)
        gate = server.serve("/gate.bin", Page(BODY, rate=8 * MIB))
        url = server.serve("/x.bin", Page(b"x" * 2000))
        queue.create_download_job(gate, tmp_path, "gate.bin")
        jobs = {
            priority: queue.create_download_job(url, tmp_path, f"{priority}.bin", priority=priority)
            for priority in (10, 30, 20, 1)
        }
        queue.join()
        order = sorted(jobs, key=lambda priority: jobs[priority].job_sequence or 0)
        assert order == [1, 10, 20, 30]


class TestCode:
    """The form of the code."""

    def test_callbacks_and_events(self, server: FaultServer, tmp_path: Path) -> None:
        bus, events = LocalEventBus(), []
        bus.subscribe(lambda topic, payload: events.append((topic, payload)))
        calls: list[str] = []
        queue = DownloadQueueService(max_parallel_dl=2, event_bus=bus)
        assert queue.event_bus is bus
        url = server.serve("/a.bin", Page(BODY, rate=20 * MIB))
        with pytest.raises(ServiceInactiveException):
            queue.download(url, tmp_path)
        queue.start()
        with pytest.raises(ServiceInactiveException):
            queue.start()
        job = queue.download(
            AnyHttpUrl(url),
            tmp_path,
            on_start=lambda _: calls.append("start"),
            on_progress=lambda _: calls.append("progress"),
            on_complete=lambda _: calls.append("complete"),
            on_error=lambda _: calls.append("error"),
            on_cancelled=lambda _: calls.append("cancelled"),
        )
        queue.join()
        queue.stop()
        assert once_each(calls) == ["start", "progress", "complete"]
        assert {topic for topic, _ in events} == {"download_event"}
        names = [payload["event"] for _, payload in events]
        assert once_each(names) == ["download_started", "download_progress", "download_complete"]
        started, complete = events[0][1]["data"], events[-1][1]["data"]
        assert set(started) == {"id", "source", "download_path", "timestamp"}
        assert complete["download_path"] == str(tmp_path / "a.bin")
        assert complete["total_bytes"] == len(BODY)
        assert job.job_started
        assert job.job_ended
        assert job.started_at
        with pytest.raises(ServiceInactiveException):
            queue.download(url, tmp_path)

    def test_a_refusal_is_told_as_programs_expect(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        url = server.serve("/no.bin", Page(b"", status=404, reason="NOT FOUND"))
        job = queue.download(url, tmp_path)
        queue.join()
        assert job.errored
        assert job.error_type == "HTTPError(NOT FOUND)"
        assert "requests.exceptions.HTTPError: NOT FOUND" in (job.error or "")

    @pytest.mark.parametrize("chunked", [True, False])
    def test_a_body_without_a_length_has_no_total(
        self, server: FaultServer, tmp_path: Path, chunked: bool
    ) -> None:
        bus, events = LocalEventBus(), []
        bus.subscribe(lambda _, payload: events.append(payload))
        queue = DownloadQueueService(event_bus=bus)
        queue.start()
        page = Page(BODY, chunked=chunked, lengths=(), close=True)
        job = queue.download(server.serve("/a.bin", page), tmp_path)
        queue.join()
        queue.stop()
        assert job.complete
        assert (job.bytes, job.total_bytes) == (len(BODY), 0)
        assert (tmp_path / "a.bin").read_bytes() == BODY
        totals = {event["data"].get("total_bytes", 0) for event in events}
        assert totals == {0}

    @pytest.mark.parametrize("page", [Page(b"", 404), login_page(), Page(b"x", lengths=("2", "3"))])
    def test_one_that_fails_before_its_body_is_one_event(
        self, server: FaultServer, tmp_path: Path, page: Page
    ) -> None:
        bus, events = LocalEventBus(), []
        bus.subscribe(lambda _, payload: events.append(payload))
        queue = DownloadQueueService(event_bus=bus)
        queue.start()
        calls: list[str] = []
        states: list[str] = []
        job = queue.download(
            server.serve("/a.safetensors", page),
            tmp_path,
            on_start=lambda _: calls.append("start"),
            on_progress=lambda _: calls.append("progress"),
            on_error=lambda _: calls.append("error"),
            event_handlers=[lambda job: states.append(job.status)],
        )
        queue.join()
        queue.stop()
        assert job.errored
        [only] = events
        assert only["event"] == "download_error"
        assert only["data"]["error_type"] == job.error_type
        assert calls == ["error"]
        assert once_each(states) == ["enqueued", "running", "error"]

    def test_a_file_without_bytes_starts_and_completes(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        bus, events = LocalEventBus(), []
        bus.subscribe(lambda _, payload: events.append(payload["event"]))
        queue = DownloadQueueService(event_bus=bus)
        queue.start()
        queue.download(server.serve("/a.bin", Page(b"")), tmp_path)
        queue.join()
        queue.stop()
        assert (events[0], events[-1]) == ("download_started", "download_complete")
        assert events.count("download_started") == 1

    @pytest.mark.parametrize("hashes", [{"sha256": "abc"}, {"sha265": "0" * 64}, {"md5": "0" * 64}])
    def test_a_hash_that_no_file_can_have_is_refused_before_a_byte(
        self,
        server: FaultServer,
        queue: DownloadQueueService,
        tmp_path: Path,
        hashes: dict[str, str],
    ) -> None:
        job = queue.download(server.serve("/a.bin", Page(BODY)), tmp_path, hashes=hashes)
        queue.join()
        assert isinstance(job.exception, UsageError)
        assert server.requests == []

    def test_a_slash_at_the_end_makes_a_folder(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        job = queue.download(server.serve("/a.bin", Page(BODY)), f"{tmp_path}/new/")
        queue.join()
        assert job.download_path == tmp_path / "new" / "a.bin"
        assert job.download_path.read_bytes() == BODY

    def test_a_taken_name_is_an_os_error(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        (tmp_path / "a.bin").write_bytes(b"mine")
        job = queue.download(server.serve("/a.bin", Page(BODY)), tmp_path)
        queue.join()
        assert isinstance(job.exception, TargetTakenError)
        assert isinstance(job.exception, OSError)
        assert job.exception.errno == 17
        assert (tmp_path / "a.bin").read_bytes() == b"mine"

    def test_an_injected_session_is_used(self, server: FaultServer, tmp_path: Path) -> None:
        session = requests.Session()
        session.headers["X-Of-Mine"] = "1"
        queue = DownloadQueueService(requests_session=session)
        queue.create_download_job(server.serve("/a.bin", Page(BODY)), tmp_path, "a.bin")
        queue.join()
        assert [r.headers.get("x-of-mine") for r in server.asked("/a.bin")] == ["1"]

    def test_cancelling(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        seen: list[str] = []
        url = server.serve("/slow.bin", Page(BODY, rate=MIB))
        job = queue.create_download_job(url, tmp_path, "s.bin", event_handlers=[statuses(seen)])
        idle = queue.create_download_job(url, tmp_path, "t.bin", start=False)
        until(lambda: job.bytes)
        job.cancel()
        queue.cancel_job(idle)
        queue.join()
        assert (job.status, idle.status) == (DownloadJobStatus.CANCELLED,) * 2
        assert once_each(seen) == ["enqueued", "running", "cancelled"]
        assert list(tmp_path.iterdir()) == []
        queue.cancel_job(job)
        assert job.cancelled


class TestHandlers:
    def test_what_they_raise_harms_nobody(self, server: FaultServer, tmp_path: Path) -> None:
        def bad(job: DownloadJobBase) -> None:
            raise RuntimeError(job.status)

        seen: list[str] = []
        queue = DownloadQueueService(event_handlers=[bad, statuses(seen)])
        job = queue.create_download_job(
            server.serve("/a.bin", Page(BODY)), tmp_path, "a.bin", event_handlers=[bad]
        )
        queue.join()
        assert job.complete
        assert once_each(seen) == ["enqueued", "running", "completed"]

    def test_one_that_never_returns_keeps_no_job_from_ending(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        forever = threading.Event()
        queue = DownloadQueueService(max_parallel_dl=1)

        def block(job: DownloadJobBase) -> None:
            if job.running:
                forever.wait(30)

        url = server.serve("/a.bin", Page(BODY))
        first = queue.create_download_job(url, tmp_path, "a.bin", event_handlers=[block])
        second = queue.create_download_job(url, tmp_path, "b.bin")
        until(lambda: first.complete and second.complete)
        forever.set()
        queue.join()
        assert (tmp_path / "b.bin").read_bytes() == BODY

    def test_they_may_call_the_queue(
        self, server: FaultServer, queue: DownloadQueueService, tmp_path: Path
    ) -> None:
        url = server.serve("/slow.bin", Page(BODY, rate=2 * MIB))
        small = server.serve("/small.bin", Page(b"y" * 999))

        def meddle(job: DownloadJobBase) -> None:
            if job.running and job.bytes:
                queue.cancel_job(job)
            if job.cancelled:
                queue.create_download_job(small, tmp_path, "small.bin")
                queue.join(5)

        job = queue.create_download_job(url, tmp_path, "s.bin", event_handlers=[meddle])
        until((tmp_path / "small.bin").exists)
        assert job.cancelled

    def test_progress_comes_about_every_percent(self, server: FaultServer, tmp_path: Path) -> None:
        told: list[int] = []
        queue = DownloadQueueService(
            options=TransferOptions(segments=1), event_handlers=[lambda job: told.append(job.bytes)]
        )
        queue.create_download_job(
            server.serve("/a.bin", Page(BODY, rate=3 * MIB)), tmp_path, "a.bin"
        )
        queue.join()
        assert told == sorted(told)
        assert 5 <= len(told) <= 110


class TestRefusals:
    def test_what_is_no_link(self, queue: DownloadQueueService, tmp_path: Path) -> None:
        with pytest.raises(ValidationError):
            DownloadJobURL(source="nonsense", dest=tmp_path)
        job = queue.create_download_job("owner/repo", tmp_path)
        queue.join()
        assert job.error_type == "UnsupportedSourceError"

    def test_a_job_twice(self, queue: DownloadQueueService, tmp_path: Path) -> None:
        job = queue.create_download_job("owner/repo", tmp_path, start=False)
        with pytest.raises(UsageError):
            queue.submit_download_job(job)
        with pytest.raises(UnknownJobIDException):
            queue.id_to_job(99)
        with pytest.raises(UnknownJobIDException):
            queue.cancel_job(DownloadJobRemoteSource(source="owner/repo", dest=tmp_path))

    def test_tokens_show_nowhere(self, tmp_path: Path) -> None:
        job = DownloadJobURL(
            source=AnyHttpUrl("https://x.org/a?token=hush"),
            dest=tmp_path,
            access_token="hush",
        )
        assert "hush" not in repr(job)

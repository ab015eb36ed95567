"""Handlers that raise, block, or call back into the queue, whether its jobs are stored or not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.core.events import LocalEventBus
from modelkeep.download.job import DownloadJobBase
from modelkeep.download.queue import DownloadQueueService
from modelkeep.jobs.state_jobs import StateJobs
from support.downloads import MIB, data
from support.queues import QUICK
from support.waiting import until

BODY = data(MIB + 17, 1)
SLOW = Page(BODY, etag='"1"', rate=3 * MIB)

Meddle = Callable[[DownloadQueueService, DownloadJobBase], object]


@pytest.fixture(params=["stored", "not-stored"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DownloadQueueService]:
    store = StateJobs.open(tmp_path / "state.db") if request.param == "stored" else None
    made = DownloadQueueService(options=QUICK, store=store, max_parallel_dl=2)
    made.start()
    yield made
    made.cancel_all_jobs()
    made.stop()
    if store is not None:
        store.close()


def boom(job: DownloadJobBase) -> None:
    raise RuntimeError(job.status)


def leave(job: DownloadJobBase) -> None:
    raise SystemExit(job.status)


def go_on(queue: DownloadQueueService, job: DownloadJobBase) -> None:
    queue.pause_job(job)
    queue.start_job(job)


CALLS: dict[str, tuple[Meddle, set[str]]] = {
    "cancel": (lambda queue, job: queue.cancel_job(job), {"cancelled"}),
    "job.cancel": (lambda _, job: job.cancel(), {"cancelled"}),
    "pause": (lambda queue, job: queue.pause_job(job), {"paused"}),
    "pause and start": (go_on, {"completed"}),
    "pause all": (lambda queue, _: queue.pause_all_jobs(), {"paused"}),
    "cancel all": (lambda queue, _: queue.cancel_all_jobs(), {"cancelled"}),
    "start all": (lambda queue, _: queue.start_all_jobs(), {"completed"}),
    "join": (lambda queue, _: queue.join(), {"completed"}),
    "list": (lambda queue, job: queue.list_jobs().index(job), {"completed"}),
    "find": (lambda queue, job: queue.id_to_job(job.id), {"completed"}),
    "prune": (lambda queue, _: queue.prune_jobs(), {"completed"}),
    "exit": (lambda _, job: leave(job), {"completed"}),
    "raise": (lambda _, job: boom(job), {"completed"}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_callback_may_call_the_queue_at_every_progress(
    server: FaultServer, queue: DownloadQueueService, tmp_path: Path, name: str
) -> None:
    act, ends = CALLS[name]
    returned: list[bool] = []
    once = threading.Event()

    def on_progress(job: DownloadJobBase) -> None:
        if name == "pause and start" and once.is_set():
            return
        once.set()
        try:
            act(queue, job)
        finally:
            returned.append(True)

    job = queue.download(server.serve("/a", SLOW), tmp_path / "a", on_progress=on_progress)
    until(lambda: job.in_terminal_state or (job.paused and "paused" in ends))
    queue.join(10)
    assert returned
    assert job.status.value in ends
    if job.complete:
        assert (tmp_path / "a").read_bytes() == BODY


@pytest.mark.parametrize("moment", ["enqueued", "running", "completed"])
def test_a_handler_may_submit_and_wait(
    server: FaultServer, queue: DownloadQueueService, tmp_path: Path, moment: str
) -> None:
    url = server.serve("/a", Page(BODY))
    more: list[DownloadJobBase] = []

    def submit(job: DownloadJobBase) -> None:
        if job.status.value == moment and not more:
            more.append(queue.download(url, tmp_path / "b"))
            queue.join(20)

    job = queue.create_download_job(url, tmp_path, "a", event_handlers=[submit])
    until(lambda: job.complete and more and more[0].complete)
    assert (tmp_path / "b").read_bytes() == BODY


def test_handlers_and_a_bus_that_fail_harm_no_job(
    server: FaultServer, queue: DownloadQueueService, tmp_path: Path
) -> None:
    heard: list[str] = []
    queue.event_handlers += [boom, lambda job: heard.append(job.status.value), leave]
    job = queue.create_download_job(
        server.serve("/a", SLOW), tmp_path, "a", event_handlers=[leave, boom]
    )
    queue.join()
    assert job.complete
    assert {"enqueued", "running", "completed"} == set(heard)


def test_a_bus_whose_subscriber_fails_harms_no_job(server: FaultServer, tmp_path: Path) -> None:
    def fail(topic: str, payload: object) -> None:
        raise RuntimeError(topic, payload)

    bus = LocalEventBus()
    bus.subscribe(fail)
    queue = DownloadQueueService(options=QUICK, event_bus=bus)
    job = queue.create_download_job(server.serve("/a", Page(BODY)), tmp_path, "a")
    queue.join()
    queue.stop()
    assert job.complete


def test_a_handler_that_blocks_lets_its_job_be_held_and_cancelled(
    server: FaultServer, queue: DownloadQueueService, tmp_path: Path
) -> None:
    free = threading.Event()

    def block(job: DownloadJobBase) -> None:
        if job.running and job.bytes:
            free.wait(30)

    url = server.serve("/a", SLOW.but(rate=MIB // 4))
    held, dropped = (
        queue.create_download_job(url, tmp_path, name, event_handlers=[block]) for name in "ab"
    )
    until(lambda: held.bytes and dropped.bytes)
    queue.pause_job(held)
    queue.cancel_job(dropped)
    until(lambda: held.paused and dropped.cancelled)
    assert not free.is_set()
    free.set()
    queue.join(10)
    assert not (tmp_path / "b").exists()

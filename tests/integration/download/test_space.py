"""Downloads that run at once leave each other room on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.core.limits import SPACE_RESERVE_BYTES
from modelkeep.disk import open_files
from modelkeep.download import state
from modelkeep.download.job import DownloadJobStatus
from modelkeep.download.queue import DownloadQueueService

MIB = 1 << 20
BIG = Page(bytes(10 * MIB), etag='"v1"')


@pytest.fixture
def queue() -> Iterator[DownloadQueueService]:
    service = DownloadQueueService()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with room for one and a half, which sets nothing apart beforehand."""
    monkeypatch.setattr(state, "free_space", lambda _: 15 * MIB + SPACE_RESERVE_BYTES)
    monkeypatch.setattr(open_files, "take_space", lambda fd, size, path: None)  # noqa: ARG005


@pytest.mark.usefixtures("sparse")
def test_a_second_download_that_has_no_room_beside_the_first_is_told(
    server: FaultServer, tmp_path: Path, queue: DownloadQueueService
) -> None:
    first = queue.download(server.serve("/one", BIG.but(stall_at=MIB, stall=600)), tmp_path / "one")
    server.wait_for(lambda: first.bytes > 0)
    second = queue.download(server.serve("/two", BIG), tmp_path / "two")
    third = queue.download(server.serve("/three", Page(bytes(5 * MIB))), tmp_path / "three")
    server.wait_for(lambda: second.in_terminal_state and third.in_terminal_state)
    assert second.error_type == "NoSpaceError"
    assert "other downloads" in str(second.exception)
    assert not (tmp_path / "two").exists()
    queue.cancel_job(first)
    queue.join()
    assert first.status is DownloadJobStatus.CANCELLED
    again = queue.download(server.url("/two"), tmp_path / "two")
    queue.join()
    assert again.status is DownloadJobStatus.COMPLETED


def test_what_the_disk_has_set_apart_is_counted_once(
    server: FaultServer,
    tmp_path: Path,
    queue: DownloadQueueService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "free_space", lambda _: 11 * MIB + SPACE_RESERVE_BYTES)
    first = queue.download(server.serve("/one", BIG.but(stall_at=MIB, stall=600)), tmp_path / "one")
    server.wait_for(lambda: first.bytes > 0)
    second = queue.download(server.serve("/two", BIG), tmp_path / "two")
    server.wait_for(lambda: second.in_terminal_state)
    assert second.status is DownloadJobStatus.COMPLETED
    queue.cancel_job(first)
    queue.join()

"""The bandwidth that settings allow, shared by all downloads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.app.manager import ModelManager
from modelkeep.download.shared_limits import PER_HOST, SharedLimiter
from modelkeep.errors import SettingsError
from modelkeep.settings import Settings

MIB = 1 << 20
LAG_SECONDS = 0.2


def test_two_downloads_share_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[SharedLimiter, int]] = []
    real = SharedLimiter.take

    def take(self: SharedLimiter, count: int, cancelled: Callable[[], bool]) -> float:
        taken.append((self, count))
        return real(self, count, cancelled)

    monkeypatch.setattr(SharedLimiter, "take", take)
    settings = Settings(root=tmp_path / "library", bandwidth_limit="8M")
    with FaultServer() as server, ModelManager(settings) as manager:
        jobs = [
            manager.downloads.download(
                server.serve(f"/{name}", Page(bytes(6 * MIB))), tmp_path / name
            )
            for name in ("one", "two")
        ]
        manager.downloads.join()
        assert [job.error for job in jobs] == [None, None]
        assert all(job.complete for job in jobs)
    [limiter] = {limiter for limiter, _ in taken}
    assert limiter._timetable.rate_at(datetime.now(UTC)) == 8 * MIB
    # The last piece of each connection is not waited for.
    assert sum(count for _, count in taken) > 10 * MIB


def test_what_is_no_limit_is_told(tmp_path: Path) -> None:
    (tmp_path / "modelkeep.yaml").write_text("bandwidth_limit: fast\n")
    with pytest.raises(SettingsError, match="not a bandwidth such as 10M"):
        Settings.load(root=tmp_path)


def test_all_downloads_together_ask_a_host_for_so_many_connections(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "library", max_parallel_dl=3)
    page = Page(bytes(12 * MIB), etag='"v1"', rate=3e6)
    with FaultServer() as server, ModelManager(settings) as manager:
        most = 0
        seen: deque[tuple[float, int]] = deque()
        jobs = [
            manager.downloads.download(server.serve(f"/{number}", page), tmp_path / str(number))
            for number in range(3)
        ]
        while not all(job.in_terminal_state for job in jobs):
            now = time.monotonic()
            seen.append((now, sum(not request.ended for request in list(server.requests))))
            # The server sees that a connection is gone when it wants to send the next piece.
            if now - seen[0][0] >= LAG_SECONDS:
                most = max(most, min(count for _, count in seen))
                seen.popleft()
            time.sleep(0.002)
        assert [job.error for job in jobs] == [None] * 3
    assert 4 < most <= PER_HOST

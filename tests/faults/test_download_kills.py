"""``kill -9`` of a process that downloads, at random moments: the next one goes on from there."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from support.downloads import MIB, data, left

KILLS = int(os.environ.get("MODELKEEP_KILLS", "8"))
SIZE = (24 + 2 * KILLS) * MIB + 12_345
CONTENT = data(SIZE, 7)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
_TESTS = Path(__file__).resolve().parents[1]


@contextmanager
def _child(
    url: str, target: Path, *, sha256: str, segments: int
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "support.download_child"]
    with subprocess.Popen(
        [*command, url, str(target), sha256, str(segments)],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _kill_when(server: FaultServer, process: subprocess.Popen[str], sent: int) -> None:
    """Kill the child as soon as the server has sent so much to it."""
    before = server.sent
    while process.poll() is None and server.sent - before < sent:
        time.sleep(0.003)
    process.send_signal(signal.SIGKILL)
    process.wait(10)


@pytest.mark.parametrize("segments", [1, 8])
@pytest.mark.parametrize("knows", ["etag", "hash"])
def test_a_killed_download_goes_on_where_it_was(tmp_path: Path, segments: int, knows: str) -> None:
    dice = random.Random(f"{segments}{knows}")
    target = tmp_path / "m.bin"
    sha256 = SHA256 if knows == "hash" else ""
    moments = [12 * MIB, *(dice.randrange(1, 8 * SIZE // KILLS) for _ in range(KILLS // 4 - 1))]
    with FaultServer() as server:
        page = Page(CONTENT, etag='"v1"' if knows == "etag" else None, rate=60e6 / segments)
        url = server.serve("/m", page)
        for moment in moments:
            if target.exists():
                break
            with _child(url, target, sha256=sha256, segments=segments) as process:
                _kill_when(server, process, moment)
        if not target.exists():
            with _child(url, target, sha256=sha256, segments=segments) as process:
                _, told = process.communicate(timeout=60)
            assert process.returncode == 0, told
        assert target.read_bytes() == CONTENT
        assert left(tmp_path) == ["m.bin"]
        assert server.sent <= 1.1 * SIZE + len(moments) * 8 * MIB
        assert any(request.start > 0 for request in server.requests)


def test_a_download_killed_at_its_end_is_whole_or_not_there(tmp_path: Path) -> None:
    dice = random.Random(9)
    with FaultServer() as server:
        url = server.serve("/m", Page(CONTENT, etag='"v1"'))
        for number in range(max(2, KILLS // 4)):
            target = tmp_path / f"{number}.bin"
            with _child(url, target, sha256=SHA256, segments=4) as process:
                _kill_when(server, process, SIZE - dice.choice([0, 1, MIB]))
            assert not target.exists() or target.read_bytes() == CONTENT
            with _child(url, target, sha256=SHA256, segments=4) as process:
                _, told = process.communicate(timeout=60)
            assert process.returncode == 0, told
            assert target.read_bytes() == CONTENT
        assert left(tmp_path) == sorted(f"{each}.bin" for each in range(max(2, KILLS // 4)))

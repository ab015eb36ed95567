"""Whole transfers against a server that is slow, gone or odd: bytes, names, and when they end."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from faults.pages import Page, Request, in_turn, once
from faults.server import FaultServer
from modelkeep.core.limits import SPACE_RESERVE_BYTES
from modelkeep.download import state
from modelkeep.download.control_file import control_path
from modelkeep.download.segments import Segment
from modelkeep.download.shared_limits import SharedLimits, SpaceClaims
from modelkeep.download.transfer import Transfer, TransferProgress, TransferResult
from modelkeep.errors import (
    DownloadError,
    DownloadJobCancelledException,
    DownloadPausedError,
    HashMismatchError,
    NoSpaceError,
    TargetTakenError,
)
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.response_head import ResponseHead
from modelkeep.http.session import Transport, make_session
from modelkeep.jobs.control import JobControl
from support.downloads import MIB, data, left, threads
from support.waiting import FOREVER, PATIENCE, until

CONTENT = data(12 * MIB + 345, 1)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = Page(CONTENT, etag='"v1"')
SMALL = Page(CONTENT[:100_000], etag='"v1"')
OPTIONS = TransferOptions(backoff_base=0.01, backoff_cap=0.02)
#: Within which a transfer that shall end has to have ended.


@pytest.fixture(params=["ours", "injected"])
def session(request: pytest.FixtureRequest) -> Iterator[requests.Session]:
    chosen = make_session(OPTIONS) if request.param == "ours" else requests.Session()
    with chosen:
        yield chosen


def fetch(
    url: str,
    target: Path | Callable[[ResponseHead, str], Path],
    session: requests.Session | None = None,
    options: TransferOptions = OPTIONS,
    hashes: dict[str, str] | None = None,
    **more: Any,
) -> TransferResult:
    with session or make_session(options) as own:
        asked = HttpRequest(url, hashes=hashes or {})
        return Transfer(asked, target, transport=Transport(own), options=options, **more).run()


def only_slots(slots: Any) -> SharedLimits:
    return SharedLimits(slots=slots)


# ordinary ways


@pytest.mark.parametrize("size", [0, 1, 511, 512, 100_000, 4 * MIB - 1, 4 * MIB, 9 * MIB + 1])
def test_files_of_all_sizes(
    server: FaultServer, tmp_path: Path, session: requests.Session, size: int
) -> None:
    content = data(size, size)
    url = server.serve("/m", Page(content, etag='"v1"', rate=40e6))
    hashes = {"sha256": hashlib.sha256(content).hexdigest()}
    fetched = fetch(url, tmp_path / "m.bin", session, hashes=hashes)
    assert fetched.path.read_bytes() == content
    assert (fetched.size, fetched.etag, fetched.verified) == (size, '"v1"', True)
    assert fetched.hashes == hashes
    assert left(tmp_path) == ["m.bin"]


def test_slow_connections_become_many(
    server: FaultServer, tmp_path: Path, session: requests.Session
) -> None:
    url = server.serve("/m", PAGE.but(rate=6e6))
    states: list[TransferProgress] = []
    fetched = fetch(url, tmp_path / "m", session, hashes={"md5": ""}, on_progress=states.append,
                    options=TransferOptions(verify="off"))  # fmt: skip
    assert fetched.path.read_bytes() == CONTENT
    assert server.most_parallel["/m"] >= 4
    assert 4 <= max(state.connections for state in states) <= 8
    assert [state.stage for state in states][-1] == "done"
    assert states[-1].received == states[-1].total == len(CONTENT)
    assert server.sent < 1.3 * len(CONTENT)


def test_no_more_connections_than_asked_for(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m", PAGE.but(rate=12e6))
    states: list[TransferProgress] = []
    options = TransferOptions(segments=3)
    fetch(url, tmp_path / "m", options=options, on_progress=states.append)
    assert max(state.connections for state in states) == 3


def test_parts_are_not_joined_when_nothing_says_that_they_belong_together(
    server: FaultServer, tmp_path: Path
) -> None:
    url = server.serve("/m", PAGE.but(etag=None, rate=24e6))
    assert fetch(url, tmp_path / "m").path.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_one_connection_that_is_stuck_costs_little(server: FaultServer, tmp_path: Path) -> None:
    stuck = PAGE.but(rate=8e6, stall_after=200_000, stall=FOREVER)

    def script(request: Request) -> Page:
        return stuck if request.number == 3 else PAGE.but(rate=8e6)

    fetched = fetch(server.serve("/m", script), tmp_path / "m", hashes={"sha256": SHA256})
    assert fetched.verified


def test_the_name_may_come_from_the_answer(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m", PAGE.but(disposition='attachment; filename="my model.bin"'))
    seen: list[str] = []

    def choose(answer: ResponseHead, url: str) -> Path:
        seen.append(url)
        return tmp_path / (answer.file_name or "none")

    assert fetch(url, choose).path.name == "my model.bin"
    assert seen == [url]
    assert left(tmp_path) == ["my model.bin"]


# pause, cancel, go on


_STATES = {
    "head": PAGE.but(wait=FOREVER),
    "body": PAGE.but(stall_at=3 * MIB, stall=FOREVER),
    "small-body": SMALL.but(stall_at=50_000, stall=FOREVER),
    "first-byte": PAGE.but(stall_at=1, stall=FOREVER),
    "busy": Page(b"", 503, headers=(("Retry-After", "600"),), ranges=False),
}


@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("wish", ["pause", "cancel"])
def test_a_wish_is_obeyed_in_every_state(
    server: FaultServer, tmp_path: Path, session: requests.Session, state: str, wish: str
) -> None:
    page = _STATES[state]
    url = server.serve("/m", page)
    control = JobControl()
    seen: list[TransferProgress] = []

    def stop() -> None:
        server.wait_for(lambda: bool(server.requests) and server.sent >= (page.stall_at or 0))
        if (page.stall_at or 0) > 1:  # one byte alone is not written: it tells no page from a file
            until(lambda: seen and seen[-1].received > 0)
        getattr(control, wish)()

    thread = threading.Thread(target=stop)
    thread.start()
    error = DownloadPausedError if wish == "pause" else DownloadJobCancelledException
    with pytest.raises(error):
        fetch(url, tmp_path / "m", session, control=control, on_progress=seen.append)
    thread.join()
    is_kept = wish == "pause" and (page.stall_at or 0) > 1
    assert left(tmp_path) == (["m.part", "m.part.json"] if is_kept else [])


def test_a_wish_before_the_start_is_obeyed(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m", PAGE)
    control = JobControl()
    control.cancel()
    control.pause()
    with pytest.raises(DownloadJobCancelledException):
        fetch(url, tmp_path / "m", control=control)
    assert server.requests == []


def test_a_wish_is_obeyed_while_a_slot_is_waited_for(server: FaultServer, tmp_path: Path) -> None:
    class Full:
        def acquire(self, host: str, cancelled: Callable[[], bool]) -> bool:
            assert host == "127.0.0.1"
            while not cancelled():
                time.sleep(0.01)
            return False

        def try_acquire(self, host: str) -> bool:
            raise AssertionError(host)

        def release(self, host: str) -> None:
            raise AssertionError(host)

    control = JobControl()
    timer = threading.Timer(0.1, control.pause)
    timer.start()
    with pytest.raises(DownloadPausedError):
        fetch(server.serve("/m", PAGE), tmp_path / "m", control=control, shared=only_slots(Full()))


def test_slots_are_given_back(server: FaultServer, tmp_path: Path) -> None:
    class Counting:
        taken = given = most = 0

        def acquire(self, host: str, cancelled: Callable[[], bool]) -> bool:
            return self.try_acquire(host) and not cancelled()

        def try_acquire(self, host: str) -> bool:
            assert host == "127.0.0.1"
            if self.taken - self.given >= 3:
                return False
            self.taken += 1
            self.most = max(self.most, self.taken - self.given)
            return True

        def release(self, host: str) -> None:
            assert host == "127.0.0.1"
            self.given += 1

    slots = Counting()
    url = server.serve("/m", once(PAGE.but(cut_at=MIB, rate=12e6), PAGE.but(rate=12e6)))
    assert fetch(url, tmp_path / "m", shared=only_slots(slots)).path.read_bytes() == CONTENT
    assert slots.taken == slots.given
    assert slots.most == 3


@pytest.mark.parametrize("named", ["path", "function"])
def test_a_paused_one_goes_on_where_it_was(
    server: FaultServer, tmp_path: Path, session: requests.Session, named: str
) -> None:
    url = server.serve("/m", PAGE.but(rate=10e6))
    target = tmp_path / "m.bin"
    control = JobControl()

    def look(state: TransferProgress) -> None:
        if state.received > 4 * MIB:
            control.pause()

    with pytest.raises(DownloadPausedError):
        fetch(url, target, session, control=control, on_progress=look)
    kept = server.sent
    assert left(tmp_path) == ["m.bin.part", "m.bin.part.json"]
    fetched = fetch(
        url, target if named == "path" else lambda _answer, _url: target, hashes={"sha256": SHA256}
    )
    assert fetched.was_resumed
    assert fetched.path.read_bytes() == CONTENT
    assert left(tmp_path) == ["m.bin"]
    assert server.sent < 1.2 * len(CONTENT) + (2 * MIB if named == "function" else 0)
    assert kept > 4 * MIB


def test_a_broken_control_file_begins_anew_beside(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m", in_turn(PAGE.but(stall_at=6 * MIB, stall=FOREVER), PAGE))
    control = JobControl()

    def look(state: TransferProgress) -> None:
        if state.received > 5 * MIB:
            control.pause()

    with pytest.raises(DownloadPausedError):
        fetch(url, tmp_path / "m", control=control, on_progress=look)
    control_path(tmp_path / "m.part").write_bytes(b"{")
    assert not fetch(url, tmp_path / "m").was_resumed
    assert (tmp_path / "m").read_bytes() == CONTENT
    assert "m.part" in left(tmp_path)


# what lies there already


def test_the_same_bytes_are_not_fetched_again(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(CONTENT)
    url = server.serve("/m", PAGE)
    fetched = fetch(url, tmp_path / "m", hashes={"sha256": SHA256})
    assert (fetched.was_there, fetched.verified) == (True, True)
    assert server.requests == []
    fetched = fetch(url, lambda _answer, _url: tmp_path / "m", hashes={"sha256": SHA256})
    assert fetched.was_there
    assert fetch(url, tmp_path / "m").was_there
    assert left(tmp_path) == ["m"]


@pytest.mark.parametrize("content", [b"mine", data(len(CONTENT), 2)], ids=["shorter", "as long"])
@pytest.mark.parametrize("hashes", [{}, {"sha256": SHA256}], ids=["", "hash"])
def test_other_bytes_stay(
    server: FaultServer, tmp_path: Path, content: bytes, hashes: dict[str, str]
) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(TargetTakenError, match="other bytes"):
        fetch(server.serve("/m", PAGE), tmp_path / "m", hashes=hashes)
    assert (tmp_path / "m").read_bytes() == content


def test_a_second_download_of_one_target_is_told(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m", in_turn(PAGE.but(stall_at=6 * MIB, stall=FOREVER), PAGE))
    control = JobControl()
    ended: list[Exception] = []

    def first() -> None:
        try:
            fetch(url, tmp_path / "m", control=control)
        except DownloadPausedError as error:
            ended.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    server.wait_for(lambda: server.sent == 6 * MIB)
    until(lambda: "m.part" in left(tmp_path))
    with pytest.raises(DownloadError, match="another process or job"):
        fetch(url, tmp_path / "m")
    control.pause()
    thread.join()
    assert len(ended) == 1
    assert fetch(url, tmp_path / "m").was_resumed
    assert (tmp_path / "m").read_bytes() == CONTENT


# hashes and space


@pytest.mark.parametrize("verify", ["warn", "off"])
def test_a_wrong_hash_may_be_only_told(server: FaultServer, tmp_path: Path, verify: Any) -> None:
    url = server.serve("/m", PAGE)
    options = TransferOptions(verify=verify)
    fetched = fetch(url, tmp_path / "m", options=options, hashes={"sha256": "0" * 64})
    assert fetched.path.read_bytes() == CONTENT
    assert not fetched.verified


def test_a_wrong_hash_of_a_joined_file_is_found(server: FaultServer, tmp_path: Path) -> None:
    """Parts of two versions that nobody tells apart never make a file."""
    other = Page(data(len(CONTENT), 3), rate=6e6)
    url = server.serve("/m", in_turn(PAGE.but(etag=None, rate=6e6), other))
    with pytest.raises(HashMismatchError):
        fetch(url, tmp_path / "m", hashes={"sha256": SHA256})
    assert [name for name in left(tmp_path) if "quarantine" not in name] == []


def test_a_disk_without_room_is_told_before_the_start(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = len(CONTENT) + SPACE_RESERVE_BYTES
    monkeypatch.setattr(state, "free_space", lambda _path: room)
    url = server.serve("/m", PAGE)
    space = SpaceClaims()
    other: Any = SimpleNamespace(path=tmp_path / "other", expected_bytes=1)
    with space.claimed(other), pytest.raises(NoSpaceError, match="m"):
        fetch(url, tmp_path / "m", shared=SharedLimits(space=space))
    assert left(tmp_path) == []
    assert fetch(url, tmp_path / "m").path.read_bytes() == CONTENT


def test_a_disk_that_fills_up_keeps_what_came(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.serve("/m", PAGE.but(rate=20e6))
    write = Segment.write

    def full(self: Segment, chunk: memoryview, place: Any, now: float) -> bool:
        if self.position > 2 * MIB:
            raise NoSpaceError("No space left")
        return write(self, chunk, place, now)

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "write", full)
        with pytest.raises(NoSpaceError):
            fetch(url, tmp_path / "m")
    assert left(tmp_path) == ["m.part", "m.part.json"]
    fetched = fetch(url, tmp_path / "m")
    assert fetched.was_resumed
    assert fetched.path.read_bytes() == CONTENT


def test_no_thread_is_left(server: FaultServer, tmp_path: Path) -> None:
    fetch(server.serve("/m", PAGE.but(rate=8e6)), tmp_path / "m", hashes={"sha256": SHA256})
    until(lambda: not threads())


def test_a_thread_that_comes_late_writes_nothing(server: FaultServer, tmp_path: Path) -> None:
    """A connection that was given up wakes when the file has its name."""
    awake = threading.Event()

    class Sleeper(requests.Session):
        def send(self, request: Any, **named: Any) -> requests.Response:
            response = super().send(request, **named)
            if request.headers.get("Range", "").startswith("bytes=") and not asleep:
                asleep.append(True)
                raw: Any = response.raw

                def late(size: int) -> bytes:
                    awake.wait(2 * PATIENCE)
                    return bytes(size)

                raw._fp.chunked = True  # bodies in chunks are read through read1
                raw.read1 = late
            return response

    asleep: list[bool] = []
    url = server.serve("/m", PAGE.but(rate=8e6))
    fetched = fetch(url, tmp_path / "m", Sleeper(), hashes={"sha256": SHA256})
    assert asleep
    awake.set()
    until(lambda: not threads())
    assert fetched.path.read_bytes() == CONTENT

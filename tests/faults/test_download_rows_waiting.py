"""Servers that are busy, slow, or wrong about how much they send."""

from __future__ import annotations

import hashlib
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, in_turn, once, status
from faults.server import FaultServer
from modelkeep.errors import (
    ConnectionFailedError,
    DownloadJobCancelledException,
    DownloadPausedError,
    HashMismatchError,
    HttpStatusError,
    ProtocolError,
)
from support.downloads import (
    MIB,
    Fetch,
    TransferProgress,
    Waiter,
    control,
    data,
    left,
    threads,
    transfer,
)
from support.waiting import FOREVER, until

SIZE = 300_001
MIDDLE = SIZE // 2
CONTENT = data(SIZE, 1)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = Page(CONTENT, etag='"v1"')
SHORT: dict[str, Any] = {
    "connect_timeout": 0.3,
    "first_byte_timeout": 0.3,
    "idle_timeout": 0.3,
    "tries": 2,
}


# 6: 429 with Retry-After


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7.5),
        ("date", 28, 30.5),
        ("99999999", 600, 600),
        ("99999999999999999999999999", 600, 600),
        ("-5", 0, 30),
        ("soon", 0, 30),
        ("Mon, 99 Foo 2026", 0, 30),
    ],
)
def test_6_a_busy_server_is_asked_again_when_it_says(
    server: FaultServer, tmp_path: Path, value: str, least: float, most: float
) -> None:
    if value == "date":
        value = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    busy = status(429, ("Retry-After", value))
    waiter = Waiter()
    outcome = transfer(server.serve("/m", busy, PAGE), tmp_path / "m.bin", waiter=waiter)
    assert outcome.file.read_bytes() == CONTENT
    [waited] = waiter.waited
    assert least <= waited <= most
    assert any(state.waits for state in outcome.states)


def test_6_a_wait_can_be_cancelled(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m", status(429, ("Retry-After", "500")))
    stop = control()

    def cancel(state: TransferProgress) -> None:
        if state.waits:
            stop.cancel()

    outcome = transfer(url, tmp_path / "m.bin", control=stop, told=cancel)
    outcome.failure(DownloadJobCancelledException)
    assert left(tmp_path) == []


# 7: servers that fail


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_7_a_passing_failure_is_tried_again(
    server: FaultServer, tmp_path: Path, code: int, fetch: Fetch
) -> None:
    url = server.serve("/m", *[status(code)] * 4, PAGE)
    assert fetch(url, tmp_path / "m.bin").file.read_bytes() == CONTENT
    assert len(server.requests) == 5


def test_7_a_lasting_failure_is_told_with_what_is_kept(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    content = data(3 * MIB, 2)
    begin = Page(content, etag='"v1"', cut_at=MIB)
    outcome = fetch(server.serve("/m", begin, status(503)), tmp_path / "m.bin")
    error = outcome.failure(ConnectionFailedError, HttpStatusError)
    for said in ("127.0.0.1", "503", "5 tries", "1.0 of 3.1 MB"):
        assert said in str(error)
    assert error.hint
    assert left(tmp_path) == ["m.bin.part", "m.bin.part.json"]
    assert (tmp_path / "m.bin.part").read_bytes()[:MIB] == content[:MIB]
    assert len(server.requests) in {5, 6}


def test_7_a_failure_before_the_first_byte_leaves_nothing(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    outcome = fetch(server.serve("/m", status(503)), tmp_path / "m.bin")
    assert "503" in str(outcome.failure(ConnectionFailedError, HttpStatusError))
    assert len(server.requests) == 5
    assert left(tmp_path) == []


def test_7_an_unknown_host_is_named(tmp_path: Path, fetch: Fetch) -> None:
    outcome = fetch("http://models.invalid/m?sig=hush", tmp_path / "m.bin", tries=2)
    error = outcome.failure(ConnectionFailedError)
    assert "models.invalid" in str(error)
    assert "hush" not in outcome.text
    assert error.hint
    assert left(tmp_path) == []


def test_7_a_refused_connection_is_told(tmp_path: Path, fetch: Fetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = fetch(f"http://127.0.0.1:{port}/m", tmp_path / "m.bin", tries=2)
    error = outcome.failure(ConnectionFailedError)
    assert f"127.0.0.1:{port}" in str(error)
    assert "2 tries" in str(error)
    assert left(tmp_path) == []


# 8: servers that are too slow


def test_8_a_connection_that_is_not_accepted_is_given_up(tmp_path: Path, fetch: Fetch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where = listener.getsockname()
        full = [socket.socket() for _ in range(4)]
        for client in full:
            client.settimeout(0)
            client.connect_ex(where)
        outcome = fetch(f"http://127.0.0.1:{where[1]}/m", tmp_path / "m.bin", **SHORT)
        for client in full:
            client.close()
    outcome.failure(ConnectionFailedError)
    assert left(tmp_path) == []


_SLOW = {
    "head-never": PAGE.but(wait=FOREVER),
    "head-byte-by-byte": PAGE.but(head_rate=1),
    "body-stops": PAGE.but(stall_at=MIDDLE, stall=FOREVER),
}


@pytest.mark.parametrize("slow", _SLOW)
def test_8_a_slow_answer_is_given_up_and_asked_again(
    server: FaultServer, tmp_path: Path, slow: str, fetch: Fetch
) -> None:
    url = server.serve("/m", _SLOW[slow], PAGE)
    outcome = fetch(url, tmp_path / "m.bin", **SHORT)
    assert outcome.file.read_bytes() == CONTENT
    assert left(tmp_path) == ["m.bin"]
    server.wait_for(lambda: server.open_connections == 0 or len(server.requests) == 2)


@pytest.mark.parametrize("slow", _SLOW)
def test_8_a_server_that_stays_slow_is_told(server: FaultServer, tmp_path: Path, slow: str) -> None:
    outcome = transfer(server.serve("/m", _SLOW[slow].but(stall_at=0)), tmp_path / "m.bin", **SHORT)
    error = outcome.failure(ConnectionFailedError)
    assert "127.0.0.1" in str(error)
    assert "2 tries" in str(error)
    assert not threads()


def test_8_one_byte_a_second_is_below_the_least_speed(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", once(PAGE.but(rate=2), PAGE))
    outcome = fetch(url, tmp_path / "m.bin", idle_timeout=5, min_speed_time=1.0)
    assert outcome.file.read_bytes() == CONTENT
    assert len(server.requests) == 2


@pytest.mark.parametrize("how", ["pause", "cancel"])
def test_8_a_body_that_stopped_can_be_paused_and_cancelled(
    server: FaultServer, tmp_path: Path, how: str
) -> None:
    url = server.serve("/m", in_turn(PAGE.but(stall_at=MIDDLE, stall=FOREVER), PAGE))
    stop = control()
    seen: list[TransferProgress] = []

    def end() -> None:
        server.wait_for(lambda: server.sent == MIDDLE)
        until(lambda: seen and seen[-1].received > 0)
        getattr(stop, how)()

    thread = threading.Thread(target=end)
    thread.start()
    outcome = transfer(url, tmp_path / "m.bin", control=stop, told=seen.append)
    thread.join()
    if how == "cancel":
        outcome.failure(DownloadJobCancelledException)
        assert left(tmp_path) == []
        return
    assert outcome.failure(DownloadPausedError).hint
    assert left(tmp_path) == ["m.bin.part", "m.bin.part.json"]
    assert transfer(url, tmp_path / "m.bin").file.read_bytes() == CONTENT
    assert 0 < server.requests[1].start <= MIDDLE


# 9: Content-Length


def test_9_a_length_that_is_never_reached_is_an_interruption(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", PAGE.but(lengths=(str(SIZE + 10),)))
    outcome = fetch(url, tmp_path / "m.bin", tries=2)
    assert outcome.error is not None
    assert "m.bin" not in left(tmp_path)


def test_9_a_length_that_is_too_small_stops_there(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", PAGE.but(lengths=(str(SIZE - 10),)))
    outcome = fetch(url, tmp_path / "m.bin", sha256=SHA256, tries=2)
    assert SHA256 in str(outcome.failure(HashMismatchError))
    assert "m.bin" not in left(tmp_path)


@pytest.mark.parametrize(
    "lengths", [(str(SIZE), "5"), ("-5",), ("abc",), ("1e5",), (f"{SIZE}, 5",), ("0x10",)]
)
def test_9_lengths_that_make_no_sense_are_refused(
    server: FaultServer, tmp_path: Path, lengths: tuple[str, ...], fetch: Fetch
) -> None:
    url = server.serve("/m", PAGE.but(lengths=lengths))
    error = fetch(url, tmp_path / "m.bin").failure(ProtocolError)
    assert "length" in str(error).lower()
    assert "127.0.0.1" in str(error)
    assert len(server.requests) == 1
    assert left(tmp_path) == []


@pytest.mark.parametrize("chunked", [False, True])
def test_9_without_a_length_only_a_hash_makes_it_verified(
    server: FaultServer, tmp_path: Path, chunked: bool, fetch: Fetch
) -> None:
    url = server.serve("/m", PAGE.but(chunked=chunked, lengths=() if not chunked else None))
    outcome = fetch(url, tmp_path / "a.bin")
    assert (outcome.file.read_bytes(), outcome.verified) == (CONTENT, False)
    outcome = fetch(url, tmp_path / "b.bin", sha256=SHA256)
    assert (outcome.file.read_bytes(), outcome.verified) == (CONTENT, True)


def test_9_chunks_that_break_off_are_no_file(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", PAGE.but(chunked=True, cut_at=MIDDLE, how="close"), PAGE)
    assert fetch(url, tmp_path / "m.bin").file.read_bytes() == CONTENT
    url = server.serve("/n", PAGE.but(chunked=True, cut_after=10, how="close"))
    assert fetch(url, tmp_path / "n.bin", tries=2).error is not None
    assert left(tmp_path) == ["m.bin"] or "n.bin" not in left(tmp_path)


# 10: Content-Encoding


@pytest.mark.parametrize(
    "page", [PAGE.but(gzipped=True), PAGE.but(headers=(("Content-Encoding", "br"),))]
)
def test_10_a_packed_answer_is_refused(
    server: FaultServer, tmp_path: Path, page: Page, fetch: Fetch
) -> None:
    error = fetch(server.serve("/m", page), tmp_path / "m.bin").failure(ProtocolError)
    assert "gzip" in str(error) or "br" in str(error)
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert left(tmp_path) == []

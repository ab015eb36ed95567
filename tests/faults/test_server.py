"""The fault server itself: what it plants is what a client sees."""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from faults import server as server_module
from faults.child_server import child_server
from faults.pages import Page, in_turn, once, redirect, status
from faults.server import HOSTS, FaultServer

DATA = random.Random(5).randbytes(1_000_003)


def _get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=10, allow_redirects=False)


def _raw(server: FaultServer, path: str, *lines: str) -> bytes:
    """Ask once; return every byte until the connection ends, and whether it was reset."""
    received = bytearray()
    with socket.create_connection((HOSTS[0], server.port), timeout=10) as client:
        client.sendall("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode())
        try:
            while data := client.recv(65536):
                received += data
        except ConnectionResetError:
            received += b"<reset>"
    return bytes(received)


def test_a_file_is_served_whole_and_in_ranges(server: FaultServer) -> None:
    url = server.serve("/m", Page(DATA, etag='"v1"'))
    whole, part = _get(url), _get(url, Range="bytes=10-19")
    assert (whole.status_code, whole.content, whole.headers["ETag"]) == (200, DATA, '"v1"')
    assert (part.status_code, part.content) == (206, DATA[10:20])
    assert part.headers["Content-Range"] == "bytes 10-19/1000003"
    assert _get(url, Range=f"bytes={len(DATA)}-").status_code == 416
    assert [request.range for request in server.requests][1] == (10, 19)
    assert server.sent == len(DATA) + 10


def test_if_range_counts_only_when_it_is_strong_and_right(server: FaultServer) -> None:
    url = server.serve("/m", Page(DATA, etag='"v1"'))
    wanted = {"Range": "bytes=5-"}
    assert _get(url, **wanted, **{"If-Range": '"v1"'}).status_code == 206
    assert _get(url, **wanted, **{"If-Range": '"v2"'}).status_code == 200
    url = server.serve("/w", Page(DATA, etag='W/"v1"'))
    assert _get(url, **wanted, **{"If-Range": 'W/"v1"'}).status_code == 200


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("cut", [0, 1, 70_000, len(DATA) - 1])
def test_a_cut_sends_exactly_so_many_bytes(server: FaultServer, how: str, cut: int) -> None:
    server.serve("/m", once(Page(DATA, cut_at=cut, how=how), Page(DATA, close=True)))
    head, _, body = _raw(server, "/m").partition(b"\r\n\r\n")
    assert body == DATA[:cut] + (b"<reset>" if how == "reset" else b"")
    assert b"Content-Length: 1000003" in head
    assert _raw(server, "/m").endswith(DATA)


def test_answers_follow_each_other_and_the_last_stays(server: FaultServer) -> None:
    url = server.serve("/m", in_turn(status(503), redirect("/x"), Page(b"file")))
    assert [_get(url).status_code for _ in range(4)] == [503, 302, 200, 200]


def test_lengths_and_raw_heads_go_out_as_they_are(server: FaultServer) -> None:
    server.serve("/m", Page(b"abc", lengths=("3", "4")))
    assert _raw(server, "/m").count(b"Content-Length: ") == 2
    server.serve("/m", Page(raw=b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc"))
    assert _raw(server, "/m").endswith(b"-5\r\n\r\nabc")


def test_a_flipped_byte_differs_and_chunks_do_not(server: FaultServer) -> None:
    flipped = _get(server.serve("/f", Page(DATA, flip=500_000))).content
    assert [at for at in range(len(DATA)) if flipped[at] != DATA[at]] == [500_000]
    assert _get(server.serve("/c", Page(DATA, chunked=True))).content == DATA
    assert _get(server.serve("/z", Page(DATA, gzipped=True))).content == DATA


def test_the_other_host_sees_where_it_was_asked(server: FaultServer) -> None:
    server.serve("/m", Page(b"x"))
    _get(server.url("/m", HOSTS[1]))
    assert server.requests[0].host == "127.0.0.2"


def test_signed_addresses_wear_out(server: FaultServer) -> None:
    url, signed = server.serve_signed("/m", Page(b"x"))
    there = _get(url).headers["Location"]
    assert [_get(there).status_code for _ in range(2)] == [200, 403]
    there = _get(url).headers["Location"]
    signed.expire()
    assert _get(there).status_code == 403


def test_only_so_many_answers_run_at_once(server: FaultServer) -> None:
    url = server.serve("/m", Page(DATA, parallel=1, stall_after=10, stall=30))
    with requests.get(url, timeout=10, stream=True) as first:
        assert first.status_code == 200
        assert _get(url).status_code == 403
    assert server.most_parallel["/m"] == 2


def test_a_pace_has_no_burst(server: FaultServer) -> None:
    url = server.serve("/m", Page(DATA[:300_000], rate=1_000_000))
    with requests.get(url, timeout=10, stream=True) as response:
        assert len(response.raw.read1(1 << 20)) < 50_000


def test_a_pace_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(server_module, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(server_module, "time", SimpleNamespace(monotonic=lambda: 100.0))
    pace = server_module._Pace()
    for _ in range(3):
        asyncio.run(pace.take(1000, 500.0))
    assert slept == [2.0, 4.0, 6.0]


def test_it_runs_in_a_child_process_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    with child_server(str(tmp_path / "file"), "--parallel", "8") as child:
        assert _get(child.url()).content == DATA
        assert _get(child.url("/files/7"), Range="bytes=0-9").content == DATA[:10]
        assert [request.path for request in child.requests()] == ["/file", "/files/7"]
        assert child.sent == len(DATA) + 10


def test_what_is_sent_along_is_read_and_any_path_can_be_answered(server: FaultServer) -> None:
    server.serve("/known", Page(b"known"))
    server.serve_otherwise(lambda request: Page(f"{request.path}: {request.body}".encode()))
    with requests.Session() as session:
        answers = [
            session.request(method, server.url(path), data=data, timeout=10).text
            for method, path, data in (
                ("POST", "/a/b", "first" * 9000),
                ("POST", "/known", "x"),
                ("GET", "/c", None),
            )
        ]
    assert answers == ["/a/b: " + "first" * 9000, "known", "/c: "]
    assert server.connections == 1

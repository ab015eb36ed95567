"""Connections that send heads without end, or nothing, are ended by the server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modelkeep.web import bounded_heads
from support.waiting import PATIENCE
from support.web import WebServer

KIB = 1 << 10
ASKED = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("web") / "root") as running:
        yield running


@contextmanager
def connected(web: WebServer) -> Iterator[socket.socket]:
    host, port = web.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as raw:
        yield raw


def all_of(raw: socket.socket) -> bytes:
    """Return what comes until the server ends the connection."""
    found = b""
    try:
        while some := raw.recv(4096):
            found += some
    except ConnectionError:
        pass
    return found


@pytest.mark.parametrize(
    "piece", [b"X: " + b"y" * KIB, b"a: b\r\n" * 200], ids=["one header", "many headers"]
)
@pytest.mark.parametrize("begin", [ASKED, CHUNKED, b"GET /"], ids=["head", "trailer", "address"])
def test_a_head_without_end_is_cut_off(web: WebServer, begin: bytes, piece: bytes) -> None:
    with connected(web) as raw:
        raw.sendall(begin)
        with pytest.raises(ConnectionError):
            raw.sendall(piece * 64 * KIB)


def test_a_large_head_is_answered(web: WebServer) -> None:
    with connected(web) as raw:
        raw.sendall(ASKED)
        for _ in range(129):  # one KiB each, and the last of them is more than there may be
            raw.sendall(b"X: " + b"y" * (KIB - 5) + b"\r\n")
        head, _, body = all_of(raw).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["error"]["code"] == "HeadTooLarge"


def test_many_requests_and_large_bodies_are_no_large_head(web: WebServer) -> None:
    host = f"Host: {web.url.removeprefix('http://')}\r\n".encode()
    with connected(web) as raw:
        for _ in range(200):
            raw.sendall(b"GET /healthz HTTP/1.1\r\n" + host + b"X: " + b"y" * KIB + b"\r\n\r\n")
            assert raw.recv(4096).startswith(b"HTTP/1.1 200 ")
    answer = web.ask("POST", "/api/v1/plan", data=b" " * 500 * KIB)
    assert answer.status_code != 431


@pytest.mark.parametrize("sent", [b"", ASKED])
def test_who_does_not_end_a_request_is_not_waited_for(
    web: WebServer, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_heads, "REQUEST_HEAD_SECONDS", 0.05)
    with connected(web) as raw:
        raw.sendall(sent)
        assert b"200 OK" not in all_of(raw)


def test_the_rest_of_a_body_is_not_waited_for_once_it_was_refused(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_heads, "REQUEST_HEAD_SECONDS", 0.05)
    asked = b"POST /api/v1/plan HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
    with connected(web) as raw:
        raw.sendall(asked % 10**12)
        assert b" 421 " in raw.recv(4096)
        while _takes(raw, b"x"):
            pass


def _takes(raw: socket.socket, data: bytes) -> bool:
    try:
        raw.sendall(data)
    except ConnectionError:
        return False
    return True


def test_a_request_that_takes_long_is_waited_for(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_heads, "REQUEST_HEAD_SECONDS", 0.05)
    lines = [f"{name}: {value}" for name, value in web.headers.items()]
    asked = ["GET /api/v1/events HTTP/1.1", f"Host: {web.url.removeprefix('http://')}", *lines]
    with connected(web) as listening:
        listening.sendall("\r\n".join([*asked, "", ""]).encode())
        assert listening.recv(4096).startswith(b"HTTP/1.1 200 ")
        with connected(web) as idle:
            assert all_of(idle) == b""
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            all_of(listening)

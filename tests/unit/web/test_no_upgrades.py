"""Clients that offer another protocol are answered in HTTP/1.1, with all that they sent."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from modelkeep.web.no_upgrades import without_upgrade
from support.waiting import PATIENCE
from support.web import WebServer


@pytest.mark.parametrize("is_apart", [False, True])
def test_a_body_comes_with_the_offer_of_http_2(tmp_path: Path, is_apart: bool) -> None:
    body = b'{"query": "q=sea"}'
    with WebServer(tmp_path / "root") as web:
        host, port = web.url.removeprefix("http://").split(":")
        fields = {
            "Connection": "Upgrade, HTTP2-Settings",
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
            "Host": f"{host}:{port}",
            "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
            "Upgrade": "h2c",
            **web.headers,
        }
        lines = [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join(["PUT /api/v1/views/sea HTTP/1.1", *lines, "", ""]).encode()
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as raw:
            for part in (head, body) if is_apart else (head + body,):
                raw.sendall(part)
            answer = raw.recv(4096)
            raw.sendall(head + body)  # the connection is as good as before
            again = raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["query"] == "q=sea"
    assert again.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET / HTTP/1.1\r\nUPGRADE: h2c\r\n\r\n", b"GET / HTTP/1.1\r\nignored: h2c\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nA: upgrade:\r\n\r\n", b"GET / HTTP/1.1\r\nA: upgrade:\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nUpgrade: a", b"GET / HTTP/1.1\r\nignored: a"),
        (b"A: b\r\n\r\n\r\nUpgrade: c", b"A: b\r\n\r\n\r\nUpgrade: c"),
    ],
)
def test_only_the_head_is_looked_at(data: bytes, expected: bytes) -> None:
    assert without_upgrade(data) == expected

"""Where a server listens, and what is said where it cannot."""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from modelkeep import ServerStartError, Settings
from modelkeep.web.listening import listening
from support.certificates import self_signed
from support.web import WebServer

EVERYWHERE = ".".join("0000")


def refusal(root: Path, **settings: object) -> ServerStartError:
    with pytest.raises(ServerStartError) as caught, listening(Settings(root=root, **settings)):
        pass
    return caught.value


@contextmanager
def talking(answer: bytes) -> Iterator[int]:
    """Another program on a port, which answers whatever comes with these bytes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_the_loopback_address_is_that_of_both_protocols(tmp_path: Path) -> None:
    with listening(Settings(root=tmp_path, port=0)) as found:
        assert found.is_local
        families = [one.family for one in found.sockets]
        ports = {one.getsockname()[1] for one in found.sockets}
    assert families[0] == socket.AF_INET
    assert len(ports) == 1
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        assert families == [socket.AF_INET, socket.AF_INET6]


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "http://127.0.0.1:{}/"),
        ({"host": "localhost"}, "http://localhost:{}/"),
        ({"host": EVERYWHERE}, "http://127.0.0.1:{}/"),
        ({"base_path": "/models/"}, "http://127.0.0.1:{}/models/"),
    ],
)
def test_the_address_is_one_that_works_here(
    tmp_path: Path, settings: dict[str, str], address: str
) -> None:
    with listening(Settings(root=tmp_path, port=0, **settings)) as found:
        port = found.sockets[0].getsockname()[1]
        assert found.url == address.format(port)
        assert found.is_local == (settings.get("host") != EVERYWHERE)


def test_a_taken_port_says_which_library_is_served_there(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        port = int(web.url.rpartition(":")[2])
        same = refusal(tmp_path / "root", port=port)
        other = refusal(tmp_path / "other", port=port)
    assert f"serves this library ({tmp_path / 'root'}) there already: {web.url}/" in str(same)
    assert same.hint.endswith(f"modelkeep serve --port {port + 1}")
    assert f"modelkeep serves another library there: {web.url}/" in str(other)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "another program answers there"),
        (b"SSH-2.0-sofa\r\n", "another program answers there"),
        (b"", "another program answers there"),
        (b'HTTP/1.0 200 OK\r\n\r\n{"program": ["x"]}', "another program answers there"),
    ],
)
def test_a_port_of_another_program_is_told(tmp_path: Path, answer: bytes, said: str) -> None:
    with talking(answer) as port:
        error = refusal(tmp_path, port=port)
    assert str(error) == f"Port {port} of 127.0.0.1 is taken: {said}"
    assert "another port" in error.hint


def test_only_an_address_of_this_machine_can_be_used(tmp_path: Path) -> None:
    assert "this machine has no such address" in str(refusal(tmp_path, host="192.0.2.1"))
    assert "cannot listen on 'no.such.host.invalid'" in str(
        refusal(tmp_path, host="no.such.host.invalid")
    )


def test_a_second_server_of_a_root_knows_the_first(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, port=0)
    with listening(settings) as first:
        assert first.others == []
        with listening(settings) as second:
            assert [other.url for other in second.others] == [first.url]
    with listening(settings) as third:
        assert third.others == []
    assert list((tmp_path / "cache/servers").iterdir()) == []


def test_what_a_killed_server_noted_is_forgotten(tmp_path: Path) -> None:
    notes = tmp_path / "cache/servers"
    notes.mkdir(parents=True)
    (notes / "old.json").write_text('{"url": "http://127.0.0.1:1/", "pid": 1}')
    (notes / "old.lock").touch()
    with listening(Settings(root=tmp_path, port=0)) as found:
        assert found.others == []
        assert not (notes / "old.json").exists()


class TestCertificates:
    def test_a_good_one_encrypts(self, tmp_path: Path) -> None:
        cert, key = self_signed(tmp_path)
        with WebServer(tmp_path / "root", cert=cert, key=key) as web:
            answer = requests.get(f"{web.url}/healthz", verify=str(cert), timeout=30)
        assert web.url.startswith("https://")
        assert answer.json()["status"] == "ok"

    def test_both_may_be_in_one_file(self, tmp_path: Path) -> None:
        cert, key = self_signed(tmp_path)
        both = tmp_path / "both.pem"
        both.write_bytes(cert.read_bytes() + key.read_bytes())
        with listening(Settings(root=tmp_path, port=0, cert=both)) as found:
            assert found.url.startswith("https://")

    def test_what_is_wrong_is_said(self, tmp_path: Path) -> None:
        cert, key = self_signed(tmp_path)
        _, other = self_signed(tmp_path, "other")
        _, secret = self_signed(tmp_path, "secret", passphrase="sofa")
        text = tmp_path / "note.txt"
        text.write_text("sofa")
        os.mkfifo(tmp_path / "pipe")
        table = [
            ({"cert": tmp_path / "gone.pem"}, "The certificate", "cannot be read"),
            ({"cert": cert, "key": tmp_path / "gone"}, "The private key", "cannot be read"),
            ({"cert": tmp_path / "pipe"}, "The certificate", "is not a file"),
            ({"cert": cert, "key": tmp_path}, "The private key", "is not a file"),
            ({"key": key}, "There is a private key", "but no certificate"),
            ({"cert": cert, "key": other}, "The private key", "does not belong to"),
            ({"cert": cert, "key": secret}, "The private key", "has a passphrase"),
            ({"cert": cert}, str(cert), "does not hold a certificate and its private key"),
            ({"cert": text, "key": key}, str(text), "are not a certificate and its private key"),
        ]
        for settings, begins, holds in table:
            error = refusal(tmp_path, port=0, **settings)
            assert str(error).startswith(begins)
            assert holds in str(error)
            assert error.hint

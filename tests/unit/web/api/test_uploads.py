"""Uploads by tus 1.0, sent by tuspy and by hand."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient

from modelkeep.app.doctor import examine
from modelkeep.web.recovery import recover
from support.tiny import embedding, lora
from support.waiting import PATIENCE, until
from support.web import WebServer

_UPLOADS = "/api/v1/uploads"
_PIECE = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("web") / "root") as running:
        yield running


def _client(web: WebServer) -> TusClient:
    return TusClient(f"{web.url}{_UPLOADS}/", headers=dict(web.headers))


def _begin(web: WebServer, length: int, **facts: str) -> str:
    """Begin an upload and return its address."""
    words = [f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in facts.items()]
    more = {"Upload-Length": str(length), "Upload-Metadata": ",".join(words)}
    answer = web.ask("POST", _UPLOADS, headers={"Tus-Resumable": "1.0.0", **more})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def _send(web: WebServer, place: str, data: bytes, offset: int, **more: str) -> Any:
    headers = {**_PIECE, "Upload-Offset": str(offset), **more}
    return web.ask("PATCH", place, data=data, headers=headers)


def _installed(web: WebServer, place: str) -> dict[str, Any]:
    """Return an upload whose install is over."""
    web.manager.installer.wait_for_installs()
    found: dict[str, Any] = web.get(place).json()
    return found


def _offset(web: WebServer, place: str) -> int:
    return int(web.ask("HEAD", place).headers["Upload-Offset"])


def test_a_foreign_client_uploads_in_pieces(web: WebServer, tmp_path: Path) -> None:
    path = lora(tmp_path / "mein stil.safetensors", fill=1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    facts = {"filename": path.name, "sha256": digest, "name": "My style", "filetype": "x"}
    with path.open("rb") as file:
        options = {"chunk_size": 5000, "metadata": facts, "upload_checksum": True}
        sender = _client(web).uploader(file_stream=file, **options)
        sender.upload()
    place = str(sender.url).removeprefix(web.url)
    made = _installed(web, place)
    assert (made["status"], made["offset"]) == ("completed", path.stat().st_size)
    config = web.manager.records.get_model(made["key"])
    assert (config.name, config.type) == ("My style", "lora")
    assert web.manager.path_of(config).read_bytes() == path.read_bytes()
    assert str(web.manager.settings.staging_dir) not in str(config.source)
    assert _offset(web, place) == path.stat().st_size, "a client that missed the end can ask"


def test_the_server_says_what_it_speaks(web: WebServer) -> None:
    said = web.ask("OPTIONS", _UPLOADS)
    assert (said.status_code, said.headers["Tus-Version"]) == (204, "1.0.0")
    assert {"creation", "termination"} <= set(said.headers["Tus-Extension"].split(","))


def test_the_first_piece_may_come_with_the_upload(web: WebServer, tmp_path: Path) -> None:
    path = embedding(tmp_path / "a.safetensors", fill=2)
    content = path.read_bytes()
    more = {"Upload-Length": str(len(content)), "Upload-Metadata": "filename YS5zYWZldGVuc29ycw=="}
    first = web.ask("POST", _UPLOADS, data=content[:100], headers={**_PIECE, **more})
    assert (first.status_code, first.headers["Upload-Offset"]) == (201, "100")
    last = _send(web, first.headers["Location"], content[100:], 100)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(content)))
    assert _installed(web, first.headers["Location"])["job"] == int(last.headers["Modelkeep-Job"])


@contextmanager
def _sending(web: WebServer, place: str, length: int, data: bytes) -> Iterator[socket.socket]:
    """Begin to send a piece of this length; only some of it is sent."""
    host, port = web.url.removeprefix("http://").split(":")
    fields = {**web.headers, **_PIECE, "Host": f"{host}:{port}", "Upload-Offset": "0"}
    lines = [f"{name}: {value}" for name, value in {**fields, "Content-Length": length}.items()]
    head = "\r\n".join([f"PATCH {place} HTTP/1.1", *lines, "", ""])
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(head.encode() + data)
        yield raw


def test_an_upload_goes_on_where_it_was_cut_off(web: WebServer, tmp_path: Path) -> None:
    path = embedding(tmp_path / "cut.safetensors", fill=3, vectors=2000)
    content, cut = path.read_bytes(), 5 << 20
    place = _begin(web, len(content), filename=path.name)
    there = web.manager.settings.staging_dir / f"upload-{place.rpartition('/')[2]}" / path.name
    with _sending(web, place, len(content), content[:cut]):
        until(lambda: there.stat().st_size >= 4 << 20)
        assert _offset(web, place) == 0, "only what is on the disk for good counts"
    until(lambda: _offset(web, place) >= 4 << 20)
    offset = _offset(web, place)
    assert offset <= cut
    assert _send(web, place, content[offset:], offset).status_code == 204
    made = _installed(web, place)
    assert made["status"] == "completed"
    assert web.manager.path_of(made["key"]).read_bytes() == content


def _another_boot(web: WebServer, place: str) -> None:
    """Have what is noted of an upload be of an earlier run of the machine."""
    folder = web.manager.settings.staging_dir / f"upload-{place.rpartition('/')[2]}"
    noted = folder / ".come"
    noted.write_text(f"{'0' * 36} {noted.read_text().split()[1]}")


def test_a_piece_comes_to_the_disk_while_the_next_one_arrives(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, sync = threading.Semaphore(0), os.fdatasync

    def synced(fd: int) -> None:
        assert gate.acquire(timeout=PATIENCE)
        sync(fd)

    monkeypatch.setattr(os, "fdatasync", synced)
    place = _begin(web, 30)
    assert _send(web, place, b"1234567890", 0).status_code == 204
    assert _offset(web, place) == 10
    _another_boot(web, place)
    assert _offset(web, place) == 0, "only what is on the disk outlives the machine"
    gate.release()
    until(lambda: _offset(web, place) == 10)
    assert _send(web, place, b"1234567890", 10).status_code == 204
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(_send, web, place, b"12345", 20)
        until(lambda: _written(web, place) == 25)
        assert (third.done(), _offset(web, place)) == (False, 20), "one is on its way at most"
        gate.release(2)
        assert third.result().status_code == 204
    _another_boot(web, place)
    until(lambda: _offset(web, place) == 25)
    assert web.ask("DELETE", place).status_code == 204


def _written(web: WebServer, place: str) -> int:
    folder = web.manager.settings.staging_dir / f"upload-{place.rpartition('/')[2]}"
    return (folder / "model").stat().st_size


def test_what_the_disk_refuses_comes_again(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = embedding(tmp_path / "again.safetensors", fill=7)
    content, half = path.read_bytes(), 1000

    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), fd)

    place = _begin(web, len(content), filename=path.name)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        assert _send(web, place, content[:half], 0).status_code == 204
        until(lambda: _offset(web, place) == 0)
    assert _send(web, place, content[half:], half).status_code == 409
    assert _send(web, place, content[:half], 0).status_code == 204
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        last = _send(web, place, content[half:], half)
        assert last.status_code == 500, "the answer to the last piece waits for the disk"
    offset = _offset(web, place)
    assert _send(web, place, content[offset:], offset).status_code == 204
    made = _installed(web, place)
    assert web.manager.path_of(made["key"]).read_bytes() == content


def test_pieces_do_not_interleave(web: WebServer) -> None:
    length, content = 6 << 20, bytes(5 << 20)
    place = _begin(web, 2 * length)
    there = web.manager.settings.staging_dir / f"upload-{place.rpartition('/')[2]}" / "model"
    with _sending(web, place, length, content) as raw:
        until(lambda: there.stat().st_size >= 4 << 20)
        assert _send(web, place, b"abc", 0).status_code == 409
        assert web.ask("DELETE", place).status_code == 409
        raw.sendall(bytes(length - len(content)))
        assert raw.recv(100).startswith(b"HTTP/1.1 204")
    assert (_offset(web, place), _send(web, place, b"x", 4).status_code) == (length, 409)
    assert web.ask("DELETE", place).status_code == 204
    assert web.ask("HEAD", place).status_code == 404


def test_what_makes_no_sense_is_refused(web: WebServer) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    for headers, status in (
        ({"Upload-Length": "5"}, 412),
        ({**tus, "Upload-Length": "-5"}, 400),
        (tus, 400),
        ({**tus, "Upload-Length": "9" * 30}, 400),
        ({**tus, "Upload-Length": str(10**17)}, 507),
        ({**tus, "Upload-Length": "5", "Upload-Metadata": "filename ???"}, 400),
        ({**tus, "Upload-Length": "5", "Upload-Metadata": "sha256 eA=="}, 400),
    ):
        assert web.ask("POST", _UPLOADS, headers=headers).status_code == status, headers
    place = _begin(web, 5, filename="../../.ssh/x")
    assert web.get(place).json()["filename"] == "x"
    assert _send(web, place, b"123456", 0).status_code == 400
    assert web.ask("PATCH", place, data=b"1", headers=tus).status_code == 415
    assert _send(web, place, bytes((64 << 20) + 1), 0).status_code == 413
    wrong = f"sha1 {base64.b64encode(bytes(20)).decode()}"
    assert _send(web, place, b"12", 0, **{"Upload-Checksum": wrong}).status_code == 460
    assert _send(web, place, b"12", 0, **{"Upload-Checksum": "md4 eA=="}).status_code == 400
    assert _offset(web, place) == 0
    for name in ("nothing", "0" * 32, "..%2f..%2fx"):
        assert web.get(f"{_UPLOADS}/{name}").status_code == 404
    web.ask("DELETE", place)


def test_other_bytes_than_were_announced_are_not_installed(web: WebServer) -> None:
    place = _begin(web, 3, sha256=hashlib.sha256(b"abc").hexdigest())
    refused = _send(web, place, b"abd", 0)
    assert (refused.status_code, "sha256" in refused.json()["error"]["message"]) == (400, True)
    assert web.ask("HEAD", place).status_code == 404


def test_an_upload_that_came_is_installed_by_the_next_server(tmp_path: Path) -> None:
    content = embedding(tmp_path / "a.safetensors", fill=4).read_bytes()
    with WebServer(tmp_path / "root") as web:
        place = _begin(web, len(content), filename="a.safetensors")
        _send(web, place, content[:-1], 0)
        settings = web.manager.settings
    (folder,) = settings.staging_dir.iterdir()
    (folder / "a.safetensors").write_bytes(content)
    info = folder / ".upload.json"
    info.write_text(json.dumps({**json.loads(info.read_text()), "offset": len(content)}))
    with WebServer(tmp_path / "root") as web:
        assert web.get(place).json()["job"] is None, "who only asks changes nothing"
        recover(web.context)
        assert _installed(web, place)["status"] == "completed"


def test_what_is_no_model_is_an_install_that_failed(web: WebServer) -> None:
    place = _begin(web, 5, filename="hello.safetensors")
    _send(web, place, b"hello", 0)
    made = _installed(web, place)
    assert (made["status"], made["key"]) == ("error", None)
    assert made["error"]
    assert web.ask("DELETE", place).status_code == 204


def test_the_doctor_knows_uploads_and_removes_old_ones(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        place = _begin(web, 100)
        _send(web, place, bytes(10), 0)
        settings = web.manager.settings
    (folder,) = settings.staging_dir.iterdir()
    assert list(examine(settings, fix=True)) == []
    info = folder / ".upload.json"
    long_ago = time.time() - 2 * 24 * 3600
    info.write_text(json.dumps({**json.loads(info.read_text()), "changed_at": long_ago}))
    assert [found.kind for found in examine(settings)] == ["upload_expired"]
    assert [found.is_fixed for found in examine(settings, fix=True)] == [True]
    assert not folder.exists()
    folder.mkdir()
    assert [found.kind for found in examine(settings)] == ["staging_leftover"]

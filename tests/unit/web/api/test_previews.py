"""Previews over HTTP: drawn small, kept in the cache, set and taken away."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from support.tiny import lora
from support.web import WebServer

_ONE = "/api/v1/model/record/i"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("web") / "root") as running:
        yield running


def _picture(width: int, height: int, form: str = "PNG", colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, form)
    return out.getvalue()


def _bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it has many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def _send(web: WebServer, key: str, content: bytes, kind: str = "image/png") -> int:
    address = f"{_ONE}/{key}/preview"
    return web.ask("PUT", address, data=content, headers={"Content-Type": kind}).status_code


def _shown(web: WebServer, key: str, query: str = "") -> Image.Image:
    answer = web.get(f"{_ONE}/{key}/preview{query}")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return Image.open(io.BytesIO(answer.content))


def test_a_preview_is_set_shown_small_and_taken_away(web: WebServer, tmp_path: Path) -> None:
    key = web.manager.installer.install_path(lora(tmp_path / "a.safetensors", fill=1))
    address = f"{_ONE}/{key}/preview"
    assert web.get(address).status_code == 404
    assert _send(web, key, _picture(1600, 800)) == 204
    assert _shown(web, key).size == (256, 128)
    assert _shown(web, key, "?size=512").size == (512, 256)
    assert web.get(f"{address}?size=700").status_code == 422
    tag = web.get(address).headers["ETag"]
    assert web.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert _send(web, key, _picture(300, 300, "WEBP", "blue"), "image/webp") == 204
    assert web.get(address).headers["ETag"] != tag
    kept = list(web.manager.settings.previews_dir.iterdir())
    assert [path.name for path in kept] == [f"{key}.jpg"]
    assert web.ask("DELETE", address).status_code == 204
    assert (web.get(address).status_code, web.ask("DELETE", address).status_code) == (404, 404)
    assert not kept[0].exists()


def test_the_cache_may_be_deleted_at_any_time(web: WebServer, tmp_path: Path) -> None:
    key = web.manager.installer.install_path(lora(tmp_path / "a.safetensors", fill=2))
    _send(web, key, _picture(600, 600))
    first = web.get(f"{_ONE}/{key}/preview").content
    cache = web.manager.settings.root / "cache"
    assert first in [path.read_bytes() for path in cache.rglob("*.jpg")]
    shutil.rmtree(cache)
    assert web.get(f"{_ONE}/{key}/preview").content == first


def test_a_picture_beside_a_model_is_never_ours(web: WebServer, tmp_path: Path) -> None:
    path = lora(tmp_path / "mine" / "a.safetensors")
    beside = path.with_suffix(".preview.png")
    beside.write_bytes(_picture(40, 20))
    key = web.manager.installer.register_path(path)
    web.manager.records.update_model(key, {"preview": beside.name})
    assert _shown(web, key).size == (40, 20)
    assert _send(web, key, _picture(10, 20)) == 204
    assert _shown(web, key).size == (10, 20)
    assert web.ask("DELETE", f"{_ONE}/{key}/preview").status_code == 204
    assert beside.exists()


def test_what_is_no_picture_is_refused(web: WebServer, tmp_path: Path) -> None:
    key = web.manager.installer.install_path(lora(tmp_path / "a.safetensors", fill=3))
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for content in (b"", svg, _bomb(60_000, 60_000), _bomb(6000, 6000), _picture(50, 50)[:60]):
        assert _send(web, key, content) == 415
    assert _send(web, key, bytes((16 << 20) + 1)) == 413
    assert web.get(f"{_ONE}/{key}/preview").status_code == 404
    assert _send(web, "nothing", _picture(4, 4)) == 404


def test_films_are_sent_as_they_are_by_their_first_bytes(web: WebServer, tmp_path: Path) -> None:
    path = lora(tmp_path / "mine" / "a.safetensors")
    key = web.manager.installer.register_path(path)
    for name, content, kind in (
        ("a.html", b"\0\0\0\x18ftypmp42" + bytes(100), "video/mp4"),
        ("b.webm", b"\x1aE\xdf\xa3" + bytes(100), "video/webm"),
    ):
        (path.parent / name).write_bytes(content)
        web.manager.records.update_model(key, {"preview": name})
        sent = web.get(f"{_ONE}/{key}/preview", headers={"Range": "bytes=0-3"})
        assert (sent.status_code, sent.headers["Content-Type"]) == (206, kind)
        assert sent.content == content[:4]
    (path.parent / "c.mp4").write_bytes(b"<html>")
    web.manager.records.update_model(key, {"preview": "c.mp4"})
    assert web.get(f"{_ONE}/{key}/preview").status_code == 424

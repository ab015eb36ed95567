"""A model's files over HTTP: their list, their bytes by ranges, and headers of weights."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.tiny import embedding, embedding_folder, lora
from support.waiting import until
from support.web import WebServer

_ONE = "/api/v1/model/record/i"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("web") / "root") as running:
        yield running


def _install(web: WebServer, path: Path) -> str:
    return web.manager.installer.install_path(path)


def test_a_file_is_sent_whole_and_by_ranges(web: WebServer, tmp_path: Path) -> None:
    path = lora(tmp_path / "my löra.safetensors")
    key, content = _install(web, path), path.read_bytes()
    (listed,) = web.get(f"{_ONE}/{key}/files").json()["files"]
    assert (listed["path"], listed["size"]) == (path.name, len(content))
    address = f"{_ONE}/{key}/files/{path.name}"
    whole = web.get(address)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''my%20l")
    assert whole.headers["Content-Type"] == "application/octet-stream"
    tag = whole.headers["ETag"]
    for asked, (start, end) in {
        "bytes=0-0": (0, 1),
        "bytes=5-": (5, len(content)),
        "bytes=10-19": (10, 20),
        "bytes=-7": (len(content) - 7, len(content)),
        "bytes=3-999999999": (3, len(content)),
    }.items():
        part = web.get(address, headers={"Range": asked, "If-Range": tag})
        assert (part.status_code, part.content) == (206, content[start:end]), asked
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(content)}"


def test_what_cannot_be_met_is_said_or_sent_whole(web: WebServer, tmp_path: Path) -> None:
    path = embedding(tmp_path / "style.safetensors")
    key, size = _install(web, path), path.stat().st_size
    address = f"{_ONE}/{key}/files/style.safetensors"
    past = web.get(address, headers={"Range": f"bytes={size}-"})
    assert (past.status_code, past.headers["Content-Range"]) == (416, f"bytes */{size}")
    for odd in ("bytes=0-1,3-4", "bytes=5-2", "lines=1-2", "bytes=-", "bytes=x"):
        assert web.get(address, headers={"Range": odd}).status_code == 200, odd
    stale = web.get(address, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (stale.status_code, len(stale.content)) == (200, size)
    head = web.ask("HEAD", address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(size)
    same = web.get(address, headers={"If-None-Match": f'W/"x", {head.headers["ETag"]}'})
    assert (same.status_code, same.content) == (304, b"")


def test_the_tag_is_the_hash_that_is_recorded(web: WebServer, tmp_path: Path) -> None:
    path = embedding(tmp_path / "style.safetensors")
    key = _install(web, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    (file,) = web.manager.records.files(key)
    address = f"{_ONE}/{key}/files/style.safetensors"
    before = web.ask("HEAD", address).headers["ETag"]
    web.manager.records.set_file_hashes(key, file.path, sha256=sha256)
    assert web.ask("HEAD", address).headers["ETag"] == f'"{sha256}"' != before
    os.utime(web.manager.path_of(key), (1, 1))
    assert web.ask("HEAD", address).headers["ETag"] not in {before, f'"{sha256}"'}


def test_only_files_that_the_record_owns_are_sent(web: WebServer, tmp_path: Path) -> None:
    key = _install(web, embedding_folder(tmp_path / "folder"))
    other = _install(web, lora(tmp_path / "other.safetensors"))
    top = web.manager.path_of(key)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (top / "later.txt").write_text("not recorded")
    (top / "notes/README.md").unlink()
    (top / "notes/README.md").symlink_to(secret)
    names = [file["path"] for file in web.get(f"{_ONE}/{key}/files/").json()["files"]]
    assert names == ["learned_embeds.safetensors", "notes/README.md"]
    assert web.get(f"{_ONE}/{key}/files/learned_embeds.safetensors").status_code == 200
    place = os.path.relpath(web.manager.path_of(other), top)
    for name in ("later.txt", "notes", f"%2e%2e/{place[3:]}", "%2Fetc/passwd", "a%00b", "\udcff"):
        answer = web.get(
            f"{_ONE}/{key}/files/{name.encode(errors='surrogatepass').decode('latin1')}"
        )
        assert answer.status_code == 404, name
    linked = web.get(f"{_ONE}/{key}/files/notes/README.md")
    assert (linked.status_code, "secret" in linked.text) == (424, False)
    (top / "notes/README.md").unlink()
    os.mkfifo(top / "notes/README.md")
    assert web.get(f"{_ONE}/{key}/files/notes/README.md").status_code == 424
    (top / "notes/README.md").unlink()
    assert web.get(f"{_ONE}/{key}/files/notes/README.md").status_code == 404
    assert web.get(f"{_ONE}/nothing/files/x").json()["error"]["code"] == "UnknownModelException"


def test_keys_and_names_may_hold_the_words_of_routes(web: WebServer, tmp_path: Path) -> None:
    folder = embedding_folder(tmp_path / "folder")
    (folder / "files").mkdir()
    for name in ("header", "preview", "files/files"):
        (folder / name).write_text(name)
    key = "odd/files/key"
    made = _install(web, folder)
    config = web.manager.records.get_model(made)
    files = web.manager.records.files(made)
    web.manager.records.del_model(made)
    web.manager.records.add_model(key, config.model_copy(update={"key": key}))
    web.manager.records.set_files(key, files)
    for name in ("header", "preview", "files/files"):
        assert web.get(f"{_ONE}/{key}/files/{name}").text == name
    assert [file["path"] for file in web.get(f"{_ONE}/{key}/files/").json()["files"]] == sorted(
        ["files/files", "header", "learned_embeds.safetensors", "notes/README.md", "preview"]
    )


def test_a_file_is_not_read_on_for_a_client_that_left(web: WebServer, tmp_path: Path) -> None:
    rows = 1 << 28
    size = rows * 3072
    shape = f'"dtype":"F32","shape":[{rows},768],"data_offsets":[0,{size}]'
    header = ('{"emb_params":{' + shape + "}}").encode()
    path = tmp_path / "endless.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    try:
        os.truncate(path, 8 + len(header) + size)
    except OSError:
        pytest.skip("this disk has no files of 768 GiB with holes")
    key = web.manager.installer.register_path(path)

    def is_open() -> bool:
        found = []
        for fd in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # that of this very listing
                found.append(fd.readlink())
        return path in found

    with web.get(f"{_ONE}/{key}/files/{path.name}", stream=True) as answer:
        assert next(answer.iter_content(10))
        assert is_open()
    until(lambda: not is_open())


def test_a_header_is_read_a_page_at_a_time(web: WebServer, tmp_path: Path) -> None:
    key = _install(web, lora(tmp_path / "a.safetensors", metadata={"long": "x" * 20_000, "a": "b"}))
    whole = web.get(f"{_ONE}/{key}/header").json()
    assert (whole["container"], whole["count"], whole["next"]) == ("safetensors", 6, None)
    assert whole["tensors"][0]["dtype"] == "F16"
    assert whole["tensors"][0]["shape"] == [4, 768]
    assert (whole["metadata"]["a"], len(whole["metadata"]["long"])) == ("b", 16_384)
    assert whole["cut"] == ["long"]
    first = web.get(f"{_ONE}/{key}/header?limit=4").json()
    second = web.get(f"{_ONE}/{key}/header?limit=4&after={first['next']}").json()
    assert (len(first["tensors"]), second["next"], second["metadata"]) == (4, None, {})
    assert [*first["tensors"], *second["tensors"]] == whole["tensors"]
    assert web.get(f"{_ONE}/{key}/header?path=nothing").status_code == 404
    assert web.get(f"{_ONE}/{key}/header?limit=0").status_code == 422

"""``download`` as people and programs meet it."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import requests

from faults.pages import Page
from faults.server import FaultServer
from support import tiny
from support.downloads import MIB, data
from support.program import Program, finish, wait_until

BODY = data(2 * MIB + 5, 3)
SHA256 = hashlib.sha256(BODY).hexdigest()


def test_into_a_folder_and_to_a_name(program: Program, server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", url, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert "a.bin (2.1 MB, no hash to check)" in told.out
    told = program.call("download", url, tmp_path / "b.bin", "--sha256", SHA256)
    assert told.lines[0].endswith("b.bin (2.1 MB)")
    assert program.call("download", "-q", url, tmp_path / "c.bin").out == f"{tmp_path / 'c.bin'}\n"


@pytest.mark.parametrize("typed", ["new/", "new/deep/", "new/."])
def test_a_slash_at_the_end_makes_a_folder(
    program: Program, server: FaultServer, tmp_path: Path, typed: str
) -> None:
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", "-q", url, f"{tmp_path}/{typed}")
    assert told.lines == [str(tmp_path / typed / "a.bin")]
    assert (tmp_path / typed / "a.bin").read_bytes() == BODY


def test_a_slash_behind_a_file_is_refused(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", url, f"{tmp_path}/mine/", status=1)
    assert f"{tmp_path}/mine is not a folder" in told.err
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert server.requests == []


@pytest.mark.parametrize(
    "disposition",
    ['filename="x.safetensors"', "filename=x.safetensors", "inline;filename=x.safetensors"],
)
def test_the_server_names_the_file(
    program: Program, server: FaultServer, tmp_path: Path, disposition: str
) -> None:
    url = server.serve("/get", Page(BODY, disposition=disposition))
    program.call("download", url, tmp_path)
    assert (tmp_path / "x.safetensors").read_bytes() == BODY


def test_a_file_without_a_length_has_a_size_once_it_is_here(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    url = server.serve("/a.bin", Page(BODY, chunked=True))
    assert "a.bin (2.1 MB, no hash to check)" in program.call("download", url, tmp_path).out
    assert "2.1 MB" in program.call("jobs").out


@pytest.mark.parametrize("digest", ["abc", "0" * 63, "g" * 64, "", f"md5:{'0' * 32}"])
def test_a_hash_that_is_none_is_refused_before_a_byte(
    program: Program, server: FaultServer, tmp_path: Path, digest: str
) -> None:
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", url, tmp_path / "a.bin", "--sha256", digest, status=2)
    assert "64 hexadecimal digits" in told.err
    assert server.requests == []
    assert program.call("jobs", "--json").json == []
    assert not (tmp_path / "a.bin").exists()


def test_a_hash_may_be_in_capitals_with_its_name(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    url = server.serve("/a.bin", Page(BODY))
    digest = f"sha256:{SHA256.upper()}"
    program.call("download", url, tmp_path / "a.bin", "--sha256", digest)
    assert (tmp_path / "a.bin").read_bytes() == BODY


@pytest.mark.parametrize("status", [200, 206])
def test_half_a_file_is_not_a_file(
    program: Program, server: FaultServer, tmp_path: Path, status: int
) -> None:
    half, size = BODY[:MIB], len(BODY)
    page = Page(half, status, headers=(("Content-Range", f"bytes 0-{MIB - 1}/{size}"),))
    url = server.serve("/a.bin", page)
    told = program.call("download", url, tmp_path / "a.bin", status=1)
    assert "a.bin arrived incomplete 3 times" in told.err
    assert len(server.requests) == 3
    assert told.err.count("127.0.0.1") == 1
    assert "kept" not in told.err
    assert "later" not in told.err
    assert not (tmp_path / "a.bin").exists()
    server.serve("/a.bin", page, Page(BODY))
    program.call("download", url, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_several_at_once(program: Program, server: FaultServer, tmp_path: Path) -> None:
    urls = [server.serve(f"/{n}.bin", Page(BODY)) for n in range(3)]
    missing = server.serve("/gone.bin", Page(b"", status=404))
    told = program.call("download", "--json", *urls, missing, tmp_path / "new", status=3)
    last = {line["source"]: line for line in told.json}
    assert [last[url]["status"] for url in urls] == ["completed"] * 3
    assert last[missing]["status"] == "error"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "0.bin",
        "1.bin",
        "2.bin",
    ]
    program.call("download", *urls, "--sha256", SHA256, tmp_path, status=2)
    program.call("download", tmp_path, status=2)
    program.call("download", "owner/repo", tmp_path, status=2)


def test_wrong_bytes(program: Program, server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", url, tmp_path / "a.bin", "--sha256", "0" * 64, status=1)
    assert SHA256 in told.err
    assert not (tmp_path / "a.bin").exists()


def test_a_token_goes_to_its_host_and_shows_nowhere(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    url = server.serve("/a.bin", Page(BODY, token="Bearer hush"))
    (tmp_path / "token").write_text("hush\n")
    told = program.call("download", "-v", url, tmp_path / "a.bin", "--token", f"@{tmp_path}/token")
    assert "hush" not in told.out + told.err
    assert "Other users can see" not in told.err
    told = program.call("download", url, tmp_path / "b.bin", "--token", "hush")
    assert "Other users can see" in told.err
    program.call("download", url, tmp_path / "c.bin", "--token", f"@{tmp_path}/none", status=2)
    program.call("download", url, tmp_path / "c.bin", status=1)


def test_ctrl_c_keeps_what_has_come(program: Program, server: FaultServer, tmp_path: Path) -> None:
    slow = Page(BODY, etag='"1"', rate=MIB)
    url = server.serve("/a.bin", slow, slow.but(rate=None))
    process = program.start("download", url, tmp_path / "a.bin", "--segments", 1)
    wait_until(lambda: server.sent > MIB // 2, process)
    os.kill(process.pid, signal.SIGINT)
    told = finish(process, 130)
    assert "the downloaded data is kept" in told.err
    assert "Continue with: the same command, or modelkeep resume 1" in told.err
    held = program.call("jobs", "--json").only
    assert (held["id"], held["kind"], held["status"]) == (1, "download", "paused")
    assert held["bytes"] > 0
    assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin.part").exists()
    program.call("download", url, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert server.sent < len(BODY) + MIB
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("a.bin")) == ["a.bin"]
    assert program.call("jobs", "--json").only["status"] == "completed"


def test_ctrl_c_says_when_nothing_could_be_kept(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    url = server.serve("/a.bin", Page(BODY, rate=MIB))  # no ETag: parts cannot be joined later
    process = program.start("download", url, tmp_path / "a.bin")
    wait_until(lambda: server.sent > MIB // 2, process)
    os.kill(process.pid, signal.SIGINT)
    told = finish(process, 130)
    assert "downloaded data was discarded" in told.err
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("a.bin")]


def test_a_proxy_that_needs_a_package_says_which(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where it is not installed.
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", no_socks)
    program.call("config", "set", "proxy", "socks5://me:hush@127.0.0.1:9")
    for form in ((), ("-q",), ("--json",)):
        told = program.call("download", *form, "https://example.org/a.bin", tmp_path, status=1)
        assert "the proxy socks5://127.0.0.1:9 needs the package PySocks" in told.err
        assert "pip install pysocks" in told.err
        assert "discarded" not in told.err
        assert "hush" not in told.out + told.err


def no_socks(*_: object, **__: object) -> None:
    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


def test_without_the_network(program: Program, tmp_path: Path) -> None:
    program.call("config", "set", "offline", "true")
    told = program.call("download", "https://example.org/a.bin", tmp_path, status=1)
    assert "offline" in told.err


def paused_by_ctrl_c(program: Program, server: FaultServer, target: Path) -> str:
    """Begin a download and interrupt it in the middle; return its link."""
    slow = Page(BODY, etag='"1"', rate=MIB)
    url = server.serve("/a.bin", slow, slow.but(rate=2 * MIB))
    process = program.start("download", url, target, "--segments", 1)
    wait_until(lambda: server.sent > MIB // 2, process)
    os.kill(process.pid, signal.SIGINT)
    finish(process, 130)
    return url


def test_resume_carries_on_here(program: Program, server: FaultServer, tmp_path: Path) -> None:
    paused_by_ctrl_c(program, server, tmp_path / "a.bin")
    shown = program.on_terminal("resume", 1)
    assert "a.bin (2.1 MB" in shown
    assert "] " in shown
    assert "1 connection" in shown
    assert "/s" in shown
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert server.sent < len(BODY) + MIB
    assert program.call("jobs", "--json").only["status"] == "completed"


def test_json_tells_how_it_goes(program: Program, server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/a.bin", Page(BODY, etag='"1"', rate=MIB))
    lines = program.call("download", "--json", url, tmp_path / "a.bin", "--segments", 1).json
    first, last = lines[0], lines[-1]
    assert first["status"] == "running"
    assert 0 < first["bytes"] < first["total_bytes"] == len(BODY)
    assert first["bytes_per_second"] > 0
    assert first["seconds_left"] > 0
    assert first["connections"] == 1
    assert (last["status"], last["bytes"], last["connections"]) == ("completed", len(BODY), 0)
    assert last["path"] == str(tmp_path / "a.bin")


@pytest.mark.parametrize("form", [(), ("-q",)])
def test_pause_resume_and_cancel_from_another_terminal(
    program: Program, server: FaultServer, tmp_path: Path, form: tuple[str, ...]
) -> None:
    url = server.serve("/a.bin", Page(BODY, etag='"1"', rate=MIB // 2))
    process = program.start(*form, "download", url, tmp_path / "a.bin", "--segments", 1)
    wait_until(lambda: server.sent > MIB // 4, process)
    assert program.call("pause", "--json", 1).only["status"] == "paused"
    assert process.poll() is None
    assert program.call("resume", "--json", 1).only["status"] in {"waiting", "running"}
    assert program.call("cancel", "--json", 1).only["status"] == "cancelled"
    told = finish(process, 1)
    assert "Job 1 was paused by another process" in told.err
    assert "Continue with: modelkeep resume 1" in told.err
    assert "cancelled by another process" in told.err
    assert "modelkeep retry 1" in told.err
    assert not list(tmp_path.glob("a.bin*"))
    assert program.call("prune", "--json").only == {"pruned": 1}


def test_a_queue_of_three_that_is_killed_goes_on(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    bodies = {f"{n}.bin": data(6 * MIB + n, n) for n in range(3)}
    pages = {name: Page(body, etag=f'"{name}"', rate=2 * MIB) for name, body in bodies.items()}
    urls = [server.serve(f"/{name}", page) for name, page in pages.items()]
    program.call("config", "set", "segments", "1")
    process = program.start("download", *urls, tmp_path / "new")
    wait_until(lambda: server.sent > 9 * MIB, process)
    process.kill()
    finish(process, -signal.SIGKILL)
    assert [row["status"] for row in program.call("jobs", "--json").json] == ["waiting"] * 3
    process = program.start("resume", "--all")
    sent = server.sent
    wait_until(lambda: server.sent > sent + 6 * MIB, process)
    process.kill()
    finish(process, -signal.SIGKILL)
    for name, page in pages.items():
        server.serve(f"/{name}", page.but(rate=None))
    assert len(program.call("resume", "--all", "-q").lines) == 3
    for name, body in bodies.items():
        assert (tmp_path / "new" / name).read_bytes() == body
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(bodies)
    total = sum(map(len, bodies.values()))
    assert server.sent <= total + 2 * 4 * MIB  # from the start again it would be 15 more
    assert {row["status"] for row in program.call("jobs", "--json").json} == {"completed"}


def test_a_token_is_asked_for_again(program: Program, server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush\n")
    slow = Page(BODY, etag='"1"', token="Bearer hush", rate=MIB)
    url = server.serve("/a.bin", slow, slow.but(rate=None))
    words = ("download", url, tmp_path / "a.bin", "--token", f"@{tmp_path}/token")
    process = program.start(*words, "--segments", 1)
    wait_until(lambda: server.sent > MIB // 2, process)
    os.kill(process.pid, signal.SIGINT)
    finish(process, 130)
    told = program.call("resume", 1, status=1)
    assert "needs its token" in told.err
    assert f"modelkeep download --token - {url}" in told.err
    assert "needs its token" in program.call("jobs").out
    program.call(*words)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert program.call("jobs", "--json").only["status"] == "completed"


def test_installs_and_downloads_are_listed_together(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    program.call("install", tiny.embedding(tmp_path / "x.safetensors"))
    program.call("download", server.serve("/a.bin", Page(BODY)), tmp_path / "a.bin")
    listed = program.call("jobs").lines
    assert listed[0].split() == ["ID", "KIND", "STATUS", "SOURCE", "PROGRESS", "SINCE"]
    assert [line.split()[:3] for line in listed[1:]] == [
        ["1", "install", "completed"],
        ["2", "download", "completed"],
    ]
    assert "cannot be restarted" in program.call("retry", 2, status=1).err


def test_how_far_and_how_fast_a_job_is_can_be_seen_from_any_terminal(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    program.call("list")
    body = data(64 * MIB, 3)
    url = server.serve("/large.bin", Page(body, etag='"1"', rate=2 * MIB))
    process = program.start("download", url, tmp_path / "large.bin", "--segments", 1)

    def job() -> dict[str, Any]:
        return next(iter(program.call("jobs", "--json").json), {})

    wait_until(lambda: bool(job().get("speed")) and job()["percent"] > 0, process)
    row = job()
    assert row["total_bytes"] == len(body)
    assert row["percent"] == 100 * row["bytes"] // len(body)
    assert 0 < row["speed"] < 8 * MIB
    told = program.call("jobs").lines[1]
    assert re.search(r"  \d+%, [\d.]+ [KM]B of 67\.1 MB, [\d.]+ [KM]B/s  ", told), told
    program.call("pause", 1)
    assert job()["speed"] is None
    assert re.search(r"  \d+%, [\d.]+ [KM]B of 67\.1 MB  ", program.call("jobs").lines[1])
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)


def test_a_root_that_cannot_be_written_is_no_hindrance(
    program: Program, server: FaultServer, tmp_path: Path
) -> None:
    program.root.write_text("no folder")
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", url, tmp_path / "a.bin")
    assert "will not be listed or resumed later" in told.err
    assert (tmp_path / "a.bin").read_bytes() == BODY

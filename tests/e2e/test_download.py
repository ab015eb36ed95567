"""``download`` as people and programs meet it."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.pages import Page
from faults.server import FaultServer
from support.downloads import MIB, data
from support.program import Program, finish, wait_until

BODY = data(2 * MIB + 5, 3)
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def test_into_a_folder_and_to_a_name(program: Program, server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/a.bin", Page(BODY))
    told = program.call("download", url, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert "a.bin (2.1 MB, no hash to check it by)" in told.out
    told = program.call("download", url, tmp_path / "b.bin", "--sha256", SHA256)
    assert told.lines[0].endswith("b.bin (2.1 MB)")
    assert program.call("download", "-q", url, tmp_path / "c.bin").out == f"{tmp_path / 'c.bin'}\n"


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
    url = server.serve("/a.bin", Page(BODY, token="Bearer hush"))  # noqa: S106 - made up
    (tmp_path / "token").write_text("hush\n")
    told = program.call("download", "-v", url, tmp_path / "a.bin", "--token", f"@{tmp_path}/token")
    assert "hush" not in told.out + told.err
    assert "Others on this machine" not in told.err
    told = program.call("download", url, tmp_path / "b.bin", "--token", "hush")
    assert "Others on this machine" in told.err
    program.call("download", url, tmp_path / "c.bin", "--token", f"@{tmp_path}/none", status=2)
    program.call("download", url, tmp_path / "c.bin", status=1)


def test_ctrl_c_keeps_what_has_come(program: Program, server: FaultServer, tmp_path: Path) -> None:
    slow = Page(BODY, etag='"1"', rate=MIB)
    url = server.serve("/a.bin", slow, slow.but(rate=None))
    process = program.start("download", url, tmp_path / "a.bin", "--segments", 1)
    wait_until(lambda: server.sent > MIB // 2, process)
    os.kill(process.pid, signal.SIGINT)
    told = finish(process, 130)
    assert "Go on with the same command" in told.err
    assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin.part").exists()
    program.call("download", url, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert server.sent < len(BODY) + MIB
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("a.bin")) == ["a.bin"]


def test_without_the_network(program: Program, tmp_path: Path) -> None:
    program.call("config", "set", "offline", "true")
    told = program.call("download", "https://example.org/a.bin", tmp_path, status=1)
    assert "offline" in told.err

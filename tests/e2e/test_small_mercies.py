"""What a person is spared: a password on the screen, a riddle for a message, a wrong "missing"."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelkeep import ModelManager, Settings
from support import tiny
from support.program import Program


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_the_password_of_a_proxy_is_not_shown(
    program: Program, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_PROXY", "http://me:hunter2@proxy.example:3128")
    told = program.call("config", "show", *form)
    assert "proxy.example:3128" in told.out
    assert "hunter2" not in told.out + told.err


def test_a_prefix_of_several_keys_in_the_trash_names_them(program: Program, sources: Path) -> None:
    with ModelManager(Settings(root=program.root)) as manager:
        for number in (1, 2):
            path = tiny.embedding(sources / f"n{number}.safetensors", number + 40)
            manager.installer.delete(manager.installer.install_path(path, {"key": f"abcd{number}"}))
    nothing = program.call("trash", "restore", "sofa", status=1)
    assert "No model in the trash is called 'sofa'" in nothing.err
    several = program.call("trash", "restore", "abcd", status=1)
    assert "abcd1 (n1), abcd2 (n2)" in several.err
    assert program.call("trash", "restore", "abcd2", "-q").out == "abcd2\n"


def test_a_missing_file_is_told_and_listed(filled: Program) -> None:
    [blue] = filled.call("list", "--search", "blue", "--json").json
    (filled.root / "models" / blue["path"]).unlink()
    assert "(missing)" in filled.call("show", "blue").out
    assert [m["name"] for m in filled.call("list", "--missing", "--json").json] == ["blue"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_stop_no_command(
    program: Program, sources: Path, closed: str
) -> None:
    path = tiny.embedding(sources / "blue.safetensors", 1)

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "modelkeep", *map(str, words)]
        shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
        return subprocess.run(
            shell, env=program.environment(), capture_output=True, text=True, check=False
        )

    status = int(">&-" in closed.split())  # as of cat: its results cannot be written
    assert run("install", path).returncode == status
    assert run("list").returncode == status
    assert program.call("list", "-q").lines != []
    removed = run("remove", "--now", "blue")  # has nobody to ask
    assert removed.returncode != 0
    assert "isatty" not in removed.stderr
    assert program.call("list", "-q").lines != []

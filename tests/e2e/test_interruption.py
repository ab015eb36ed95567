from __future__ import annotations

import contextlib
import signal
import sqlite3
from pathlib import Path

import pytest

from sample_models import SDXL, checkpoint, typed, write_safetensors
from support.program import Program, finish, wait_until


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A checkpoint of SDXL, 6.9 GB: a hole that takes seconds to copy and verify."""
    return write_safetensors(tmp_path / "large.safetensors", typed(checkpoint(SDXL)))


def is_copying(program: Program) -> bool:
    """A staged file has its size; an empty one comes and goes while a reflink is tried."""
    staged = (program.root / "models/.staging").rglob("*.safetensors")
    with contextlib.suppress(FileNotFoundError):
        return any(path.stat().st_size for path in staged)
    return False


def left(program: Program) -> list[Path]:
    """Return every file below the folder of installed models."""
    return [path for path in (program.root / "models").rglob("*") if path.is_file()]


def check_library(program: Program) -> None:
    for name in ("modelkeep.db", "state.db"):
        connection = sqlite3.connect(program.root / "databases" / name)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_an_install_on_a_terminal_draws_a_bar(program: Program, large: Path) -> None:
    shown = program.on_terminal("install", large)
    assert "large.safetensors [#" in shown.replace("[ ", "[#")
    assert " of 6.9 GB" in shown
    assert "Checkpoint for SDXL: large" in shown
    bar, _, rest = shown.rpartition("\r\x1b[K")
    assert "GB" in bar
    assert "[#" not in rest, "the bar is wiped away"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupting_takes_everything_back(
    program: Program, large: Path, number: signal.Signals
) -> None:
    program.call("list")
    before = large.stat()
    process = program.start("install", "--json", large, large)
    wait_until(lambda: is_copying(program), process)
    process.send_signal(number)
    told = finish(process, 130)
    assert told.only["status"] == "cancelled"
    assert "Interrupted" in told.err
    assert left(program) == []
    assert program.call("list", "-q").out == ""
    [job] = program.call("jobs", "--json").json
    assert (job["status"], job["source"]) == ("cancelled", str(large))
    after = large.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    check_library(program)


def test_after_a_kill_the_next_command_tidies_up(program: Program, large: Path) -> None:
    program.call("list")
    process = program.start("install", large)
    wait_until(lambda: is_copying(program), process)
    process.kill()
    finish(process, -signal.SIGKILL)
    assert left(program) != []
    [job] = program.call("jobs", "--json").json
    assert left(program) == []
    assert job["status"] == "error"
    assert job["error"]["kind"] == "InterruptedInstallError"
    assert job["error"]["hint"] == f"Start it again: modelkeep install {large}"
    assert job["error"]["hint"] in program.call("jobs").out
    check_library(program)
    told = program.run("install", "--json", large)
    assert Path(told.only["path"]).stat().st_size == large.stat().st_size
    assert len(program.call("list", "-q").lines) == 1

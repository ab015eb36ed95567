"""Jobs of one process, paused, resumed, cancelled and taken over by another."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest

from sample_models import SDXL, checkpoint, typed, write_safetensors
from support import tiny
from support.program import Program, finish, wait_until


def installed_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / "models").rglob("*") if path.is_file())


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A checkpoint of SDXL, 6.9 GB: a hole that takes seconds to copy and verify."""
    return write_safetensors(tmp_path / "large.safetensors", typed(checkpoint(SDXL)))


def is_copying(program: Program) -> bool:
    staged = (program.root / "models/.staging").rglob("*.safetensors")
    with contextlib.suppress(FileNotFoundError):
        return any(path.stat().st_size for path in staged)
    return False


def the_job(program: Program) -> dict[str, object]:
    return program.call("jobs", "--json").only


def test_pause_and_resume_from_another_process(program: Program, large: Path) -> None:
    program.call("list")
    process = program.start("install", "--json", large)
    wait_until(lambda: is_copying(program), process)
    assert program.call("pause", "--json", 1).only["status"] == "paused"
    assert the_job(program)["status"] == "paused"
    assert installed_files(program.root) == []
    assert process.poll() is None
    assert program.call("resume", "--json", 1).only["status"] in {"waiting", "running"}
    assert finish(process, 0).only["status"] == "completed"
    assert the_job(program)["status"] == "completed"


def test_cancel_from_another_process(program: Program, large: Path) -> None:
    program.call("list")
    process = program.start("install", large)
    wait_until(lambda: is_copying(program), process)
    assert program.call("cancel", 1).out.startswith("1: cancelled")
    told = finish(process, 1)
    assert "cancelled by another process" in told.err
    assert "modelkeep retry 1" in told.err
    assert installed_files(program.root) == []
    assert program.call("list", "-q").out == ""
    assert "has ended" in program.call("cancel", 1, status=1).err


def test_a_paused_job_can_be_cancelled(program: Program, large: Path) -> None:
    program.call("list")
    process = program.start("install", large)
    wait_until(lambda: is_copying(program), process)
    program.call("pause", 1)
    program.call("cancel", 1)
    finish(process, 1)
    assert the_job(program)["status"] == "cancelled"


def test_the_job_of_a_dead_process_is_taken_over(program: Program, large: Path) -> None:
    program.call("list")
    process = program.start("install", "--name", "Kept name", large)
    wait_until(lambda: is_copying(program), process)
    process.kill()
    finish(process, -signal.SIGKILL)
    assert the_job(program)["status"] == "error"
    told = program.call("resume", "--all", "--json").only
    assert told["status"] == "completed"
    assert (the_job(program)["id"], the_job(program)["status"]) == (1, "completed")
    assert program.call("list", "--json").only["name"] == "Kept name"
    assert "No interrupted jobs" in program.call("resume", "--all").err


def test_a_job_that_was_paused_outlives_its_process(program: Program, large: Path) -> None:
    program.call("list")
    process = program.start("install", large)
    wait_until(lambda: is_copying(program), process)
    program.call("pause", 1)
    process.kill()
    finish(process, -signal.SIGKILL)
    assert the_job(program)["status"] == "paused"
    assert "large" in program.call("resume", 1).out
    assert the_job(program)["status"] == "completed"


def test_what_cannot_be_done_says_what_can(program: Program, tmp_path: Path) -> None:
    program.call("install", tiny.embedding(tmp_path / "x.safetensors"))
    assert "nothing to resume" in program.call("resume", 1, status=1).err
    assert "cannot be restarted" in program.call("retry", 1, status=1).err
    assert "No job 7" in program.call("pause", 7, status=1).err
    assert program.call("resume", status=2).out == ""

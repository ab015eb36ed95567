"""A kind of jobs from one file of an installed package: run, controlled and listed."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path

import pytest

from modelkeep.app.job_kinds import JOB_KINDS
from modelkeep.app.manager import ModelManager
from modelkeep.jobs.kinds import Job
from modelkeep.settings import Settings
from support.packages import write_package
from support.program import Program
from support.waiting import PATIENCE, until

KIND = '''
"""Copies a text to a file, once the file beside it allows that."""

import time
from dataclasses import dataclass
from pathlib import Path

from modelkeep.errors import UsageError
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.kinds import Job, JobPlugin, SimpleKind


@dataclass(frozen=True)
class NoteDetails:
    """What is written, and where to."""

    text: str
    place: str


class NoteKind(SimpleKind[NoteDetails]):
    """Writes notes."""

    name = "note"
    details = NoteDetails

    def run(self, job: Job[NoteDetails], control: JobControl) -> None:
        place = Path(job.details.place)
        while not place.with_suffix(".go").exists():
            control.check()
            time.sleep(0.01)
        if not job.details.text:
            raise UsageError("There is nothing to write", hint="Give a text.")
        place.write_text(job.details.text)
        control.report(len(job.details.text), len(job.details.text))


KIND = JobPlugin("note", lambda manager: NoteKind())
'''


@pytest.fixture
def manager(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelManager:
    """Open the library of a program that has the kind."""
    folder = write_package(tmp_path / "package", "modelkeep.jobs", "notes", KIND)
    monkeypatch.syspath_prepend(folder)
    JOB_KINDS.forget()
    return ModelManager(Settings.load(root=program.root))


@pytest.fixture(autouse=True)
def _forget_it_again() -> object:
    yield
    JOB_KINDS.forget()


def note(manager: ModelManager, place: Path, text: str = "hello") -> Job[object]:
    details = importlib.import_module("notes").NoteDetails(text, str(place))
    job: Job[object] = Job(details, place.name)
    manager.jobs.submit("note", job)
    return job


def test_it_is_run_paused_resumed_cancelled_retried_and_listed(
    program: Program, manager: ModelManager, tmp_path: Path
) -> None:
    place = tmp_path / "a.txt"
    with manager:
        first, second = note(manager, place), note(manager, tmp_path / "b.txt")
        [row, waiting] = program.call("jobs", "--json").json
        assert (row["id"], row["kind"], row["source"]) == (first.id, "note", "a.txt")
        assert row["details"] == {"text": "hello", "place": str(place)}
        assert waiting["status"] == "waiting"
        assert program.call("pause", "--json", first.id).only["status"] == "paused"
        place.with_suffix(".go").touch()
        assert program.call("cancel", "--json", second.id).only["status"] == "cancelled"
        assert program.call("resume", "--json", first.id).only["id"] == first.id
        manager.jobs.wait(PATIENCE)
        assert place.read_text() == "hello"
    (tmp_path / "b.go").touch()
    assert program.call("retry", "--json", second.id).only["status"] == "completed"
    assert (tmp_path / "b.txt").read_text() == "hello"
    told = program.call("jobs").out
    assert told.count("note") == told.count("completed") == 2


def test_one_that_fails_says_why(program: Program, manager: ModelManager, tmp_path: Path) -> None:
    (tmp_path / "a.go").touch()
    with manager:
        job = note(manager, tmp_path / "a.txt", "")
        manager.jobs.wait(PATIENCE)
    told = program.call("jobs").out
    assert "There is nothing to write" in told
    assert "Give a text." in told
    assert "nothing to write" in program.call("retry", job.id, status=1).err


def test_what_a_dead_process_left_is_gone_on_with(
    program: Program, manager: ModelManager, tmp_path: Path
) -> None:
    with manager:
        job = note(manager, tmp_path / "a.txt")
        until(lambda: manager.jobs.row(job.id).status == "running")
        closer = threading.Thread(target=manager.close)
        closer.start()
        closer.join(PATIENCE)
    (tmp_path / "a.go").touch()
    assert program.call("resume", "--all", "--json").only["status"] == "completed"
    assert (tmp_path / "a.txt").read_text() == "hello"

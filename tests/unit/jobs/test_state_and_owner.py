"""The state file keeps jobs and journal; owners are known to live while they do."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from modelkeep.disk.journal import JournalEntry
from modelkeep.disk.moves import Move
from modelkeep.disk.notes import Install, Purge
from modelkeep.errors import NewerDatabaseError, UnknownJobIDException, WrongDatabaseError
from modelkeep.jobs import database
from modelkeep.jobs.owner import Owner, locked
from modelkeep.jobs.rows import JobChange, NewJob
from modelkeep.jobs.schema import STEPS
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "databases" / "state.db"


def added(state: StateDatabase, source: str) -> int:
    return state.jobs.insert(NewJob("install", source, "{}"), "me")


def test_jobs_are_kept_in_order_until_they_are_forgotten(path: Path) -> None:
    state = StateDatabase(path)
    first, second = (added(state, name) for name in ("a", "b"))
    state.jobs.update(second, JobChange(JobState.COMPLETED, 7, key="k"))
    state.close()
    again = StateDatabase(path)
    assert [job.source for job in again.jobs.all()] == ["a", "b"]
    assert (again.jobs.get(first).status, again.jobs.get(first).details) == ("waiting", "{}")
    assert (again.jobs.get(second).status, again.jobs.get(second).bytes) == ("completed", 7)
    assert again.jobs.remove([first, first + 100]) == 1
    assert again.jobs.remove([]) == 0
    with pytest.raises(UnknownJobIDException, match=str(first)) as caught:
        again.jobs.get(first)
    assert caught.value.hint
    assert added(again, "c") > second
    again.close()


def test_the_journal_says_what_was_begun_and_how_far_it_came(path: Path) -> None:
    state = StateDatabase(path)
    job = added(state, "a")
    note = Install("k", "a", staging=Path("/s"), top=Path("/models"))
    number = state.journal.begin(note, "me", job)
    assert state.journal.entries() == [JournalEntry(number, note, "me", job)]
    further = replace(note, move=Move(Path("/s/\udcff"), Path("/models/\udcff"), 5))
    state.journal.advance(number, further)
    assert state.journal.entries() == [JournalEntry(number, further, "me", job)]
    state.journal.finish(number, JobChange(JobState.COMPLETED, 3))
    assert state.journal.entries() == []
    assert (state.jobs.get(job).status, state.jobs.get(job).bytes) == ("completed", 3)
    state.close()


def test_a_job_may_be_forgotten_before_its_journal_entry_ends(path: Path) -> None:
    state = StateDatabase(path)
    job = added(state, "a")
    number = state.journal.begin(Purge("k", Path("/trash/x")), "me", job)
    state.jobs.remove([job])
    assert state.journal.entries()[0].job is None
    state.journal.finish(number, JobChange(JobState.COMPLETED))
    assert state.journal.entries() == []
    state.close()


def test_threads_may_write_at_once(path: Path) -> None:
    state = StateDatabase(path)
    other = StateDatabase(path)

    def add(database: StateDatabase) -> None:
        for _ in range(10):
            added(database, "a")

    threads = [threading.Thread(target=add, args=(one,)) for one in (state, state, other, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job.id for job in state.jobs.all()] == list(range(1, 41))
    state.close()
    other.close()


def test_a_foreign_file_is_refused_and_not_touched(path: Path) -> None:
    path.parent.mkdir()
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE recipe (name TEXT)")
    foreign.commit()
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(WrongDatabaseError, match=r"state\.db") as caught:
        StateDatabase(path)
    assert caught.value.hint
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["state.db"]


def test_a_file_of_an_earlier_version_is_brought_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateDatabase(path)
    job = added(state, "a.safetensors")
    state.close()
    later = "CREATE TABLE later (name TEXT); CREATE INDEX by_name ON later (name)"
    steps = (*STEPS, later)
    monkeypatch.setattr(database, "STEPS", steps)
    monkeypatch.setattr(database, "VERSION", len(steps))
    again = StateDatabase(path)
    assert again.jobs.get(job).source == "a.safetensors"
    assert again.select("SELECT * FROM later") == []
    again.close()
    StateDatabase(path).close()


def test_a_newer_file_is_refused(path: Path) -> None:
    StateDatabase(path).close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version = 999")
    later.close()
    with pytest.raises(NewerDatabaseError, match="newer") as caught:
        StateDatabase(path)
    assert "pip install" in caught.value.hint


def test_owners_live_until_they_let_go(tmp_path: Path) -> None:
    first, second = Owner(tmp_path), Owner(tmp_path)
    assert first.name != second.name
    assert first.is_alive(first.name)
    assert first.is_alive(second.name)
    assert not first.is_alive("nobody")
    second.release()
    assert not first.is_alive(second.name)
    first.release()
    assert list(tmp_path.iterdir()) == []


def test_an_owner_that_was_killed_is_dead(tmp_path: Path) -> None:
    code = (
        "import sys, os\n"
        "from pathlib import Path\n"
        "from modelkeep.jobs.owner import Owner\n"
        "me = Owner(Path(sys.argv[1]))\n"
        "print(me.name, flush=True)\n"
        "sys.stdin.read()\n"
        "os._exit(9)\n"
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child,
        Owner(tmp_path) as me,
    ):
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert me.is_alive(name)
        child.communicate("")
        assert not me.is_alive(name)
    assert list(tmp_path.iterdir()) == []


def test_one_at_a_time_is_inside_a_lock(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        with locked(tmp_path / "lock"):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=enter, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


#: Closes a state file while other threads read it.
_CLOSING = """
import sys, threading
from pathlib import Path
from modelkeep.errors import DatabaseError
from modelkeep.jobs.lookups import Lookups
from modelkeep.jobs.state import StateDatabase

state = StateDatabase(Path(sys.argv[1]))
has_read = threading.Barrier(9)

def read():
    lookups = Lookups(state)
    lookups.get(Path("a"), "b", "c")
    has_read.wait()
    try:
        while True:
            lookups.get(Path("a"), "b", "c")
    except DatabaseError:
        pass

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
has_read.wait()
state.close()
for thread in threads:
    thread.join()
"""


def test_a_file_is_closed_after_what_other_threads_are_reading(path: Path) -> None:
    for _ in range(5):
        subprocess.run([sys.executable, "-c", _CLOSING, str(path)], check=True)

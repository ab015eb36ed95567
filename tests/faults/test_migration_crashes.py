"""An upgrade is cut off, or its disk fails, at every operation; the next start does it.

The law: the catalogue is the old one or the new one, and all its records are there.
"""

from __future__ import annotations

import errno
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults.crash import KILLED, Fault, _Statements, in_child, planted
from modelkeep.errors import ModelKeepError
from modelkeep.records.dialects import sqlite, sqlite_backup, sqlite_tables
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_files import stored_version
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support import invented

#: What is in the catalogue, once it is known.
EXPECTED: list[list[Any]] = []


@pytest.fixture(autouse=True)
def step(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let the tables have a next version."""
    invented.register(monkeypatch, tmp_path_factory.mktemp("steps"))


class _Counted(_Statements):
    """Counts what is done to the copy too."""

    def backup(self, target: Any, **named: Any) -> None:
        if self.__dict__["_fault"].step():
            raise sqlite3.OperationalError("disk I/O error")
        self.__dict__["_connection"].backup(getattr(target, "_connection", target), **named)
        self.__dict__["_fault"].changed()

    def close(self) -> None:
        self.__dict__["_connection"].close()


class _Sqlite:
    """Stands in for the module and counts the statements of all connections that it opens."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)

    def connect(self, *values: Any, **named: Any) -> Any:
        return _Counted(sqlite3.connect(*values, **named), self._fault)


def upgrade(path: Path, fault: Fault) -> Fault:
    """Open a catalogue with a fault planted; return the fault, with what it counted."""
    with pytest.MonkeyPatch.context() as patch, planted(fault):
        for module in (sqlite, sqlite_backup):
            patch.setattr(module, "sqlite3", _Sqlite(fault))
        SqliteDatabase(path).close()
    return fault


def check_law(path: Path) -> None:
    """Look at what is there, then start once more."""
    version = stored_version(path, path.name)
    copies = list(path.parent.glob("*.bak"))
    assert version in {invented.OLD, invented.NEW}
    assert version == invented.OLD or copies, "it was changed before there was a copy of it"
    for copy in copies:
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert sqlite_tables.version_in(kept, copy.name) == invented.OLD
    with ModelRecordServiceSQL.from_db_file(path) as store:
        assert invented.contents(store) == EXPECTED[0]
        assert isinstance(store.db, SqliteDatabase)
        assert store.db.integrity_errors() == []
    left = {file.name for file in path.parent.iterdir()} - {path.name}
    assert left
    assert all(name.endswith(".bak") for name in left), left


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    path = invented.put(folder / "library" / "m.db")
    if not EXPECTED:
        EXPECTED.append(invented.expected(path))
    return path


def test_a_kill_at_any_operation_leaves_the_old_or_the_new(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    points = upgrade(fresh(tmp_path / "count"), Fault()).kill_points
    record_property("kill_points", len(points))
    assert points
    for point in points:
        path = fresh(tmp_path / "world")
        assert in_child(partial(upgrade, path, Fault(at=point))) == KILLED, point
        check_law(path)


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_a_disk_that_fails_at_any_operation_leaves_the_old_or_the_new(
    number: int, lasting: bool, tmp_path: Path
) -> None:
    points = upgrade(fresh(tmp_path / "count"), Fault()).count
    for point in range(1, points + 1):
        path = fresh(tmp_path / "world")
        with suppress(ModelKeepError):
            upgrade(path, Fault(at=point, error=number, lasting=lasting))
        check_law(path)


def test_a_kill_at_any_moment(tmp_path: Path) -> None:
    code = (
        f"{invented.PROGRAM}import sys; from modelkeep import SqliteDatabase as D; D(sys.argv[1])"
    )
    rng = random.Random(3)
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code, fresh(tmp_path / "count")], check=True)
    whole = time.monotonic() - began
    for _ in range(12):
        path = fresh(tmp_path / "world")
        with subprocess.Popen([sys.executable, "-c", code, path]) as child:
            # Most of a run is spent on imports; what is of interest is at its end.
            time.sleep(whole * rng.uniform(0.6, 1.1))
            child.send_signal(signal.SIGKILL)
        check_law(path)


def test_a_database_that_cannot_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fresh(tmp_path / "world")
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM")  # or the step finds room in pages that are free
    before = path.read_bytes()
    connect = sqlite3.connect

    def small(*values: Any, **named: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*values, **named)
        if values[0] == path:
            made.execute(f"PRAGMA max_page_count = {len(before) // 4096}")
        return made

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        with pytest.raises(ModelKeepError, match="full") as caught:
            SqliteDatabase(path)
    assert caught.value.hint
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == before
    check_law(path)

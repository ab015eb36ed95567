"""Older tables on a lent connection: upgraded in a savepoint, and nothing else is changed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import DatabaseLockedError, ModelKeepError
from modelkeep.records.dialects import sqlite_tables
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support import invented

PRAGMAS = (
    "journal_mode",
    "foreign_keys",
    "user_version",
    "application_id",
    "synchronous",
    "locking_mode",
    "recursive_triggers",
    "legacy_alter_table",
)


@pytest.fixture(autouse=True)
def step(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let the tables have a next version."""
    invented.register(monkeypatch, tmp_path_factory.mktemp("steps"))


def lend(connection: sqlite3.Connection) -> ModelRecordServiceSQL:
    return ModelRecordServiceSQL.from_connection(connection, threading.Lock())


def theirs(connection: sqlite3.Connection) -> list[Any]:
    """Return what is not ours: settings, tables and rows."""
    found: list[Any] = [connection.execute(f"PRAGMA {name}").fetchone() for name in PRAGMAS]
    found += connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master"
        " WHERE tbl_name NOT LIKE 'mk!_%' ESCAPE '!' ORDER BY name"
    ).fetchall()
    found += connection.execute("SELECT * FROM models").fetchall()
    found += connection.execute("SELECT name FROM sqlite_temp_master").fetchall()
    return [tuple(row) for row in found]


def version(connection: sqlite3.Connection) -> int:
    return sqlite_tables.version_in(connection, "theirs")


def names(connection: sqlite3.Connection) -> list[str]:
    return [model.name for model in lend(connection).all_models()]


NAMES = sorted([*(f"model {number}" for number in range(12)), "odd"])


@pytest.fixture(params=[True, False], ids=["keys on", "keys off"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "theirs.db", check_same_thread=False)) as made:
        made.execute(f"PRAGMA foreign_keys = {'ON' if request.param else 'OFF'}")
        made.execute("PRAGMA recursive_triggers = ON")
        invented.put_into(made)
        yield made


def test_outside_a_transaction(connection: sqlite3.Connection, tmp_path: Path) -> None:
    before = theirs(connection)
    rows = list(connection.iterdump())
    assert sorted(names(connection)) == NAMES
    assert version(connection) == invented.NEW
    assert not connection.in_transaction
    assert theirs(connection) == before
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    (backup,) = tmp_path.glob("*.bak")
    with closing(sqlite3.connect(backup)) as kept:
        assert list(kept.iterdump()) == rows
    assert sorted(names(connection)) == NAMES
    assert len(list(tmp_path.iterdir())) == 2


def test_inside_a_transaction(connection: sqlite3.Connection, tmp_path: Path) -> None:
    connection.execute("CREATE TABLE later (a)")
    connection.commit()
    for is_kept in (False, True):
        connection.execute("INSERT INTO later VALUES (1)")
        assert connection.in_transaction
        assert sorted(names(connection)) == NAMES
        assert connection.in_transaction
        if is_kept:
            connection.commit()
        else:
            connection.rollback()
        assert version(connection) == (invented.NEW if is_kept else invented.OLD)
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (int(is_kept),)
    assert [file.name for file in tmp_path.iterdir()] == ["theirs.db"], "no backup is made"


def test_in_memory_and_with_rows_of_their_make() -> None:
    def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    connection = sqlite3.connect(":memory:", isolation_level=None)
    invented.put_into(connection)
    connection.row_factory = as_dict
    connection.text_factory = bytes
    store = lend(connection)
    assert sorted(model.name for model in store.all_models()) == NAMES
    assert {model.key for model in store.search(text="odd")} == {"odd"}
    connection.close()


def test_only_statements_that_end_nothing_of_theirs() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    invented.put_into(connection)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    lend(connection)
    connection.set_trace_callback(None)
    allowed = (
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "ALTER TABLE mk_",
        "--",
        "SAVEPOINT mk_",
        "RELEASE mk_",
        "PRAGMA database_list",
        "PRAGMA locking_mode",
        "PRAGMA foreign_key_check",
    )
    assert [line for line in statements if not line.lstrip().startswith(allowed)] == []
    assert not [line for line in statements if line.startswith("PRAGMA") and "=" in line]
    assert any(line.startswith("ALTER") or "ALTER" in line for line in statements)
    connection.close()


def test_what_fails_leaves_their_transaction_as_it_was(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE mk_rated (a)")  # in the way of the step
    connection.execute("INSERT INTO models VALUES (2, 'half-way')")
    before = list(connection.iterdump())
    with pytest.raises(ModelKeepError, match="mk_rated") as caught:
        lend(connection)
    assert caught.value.hint
    assert connection.in_transaction
    assert list(connection.iterdump()) == before
    connection.execute("DROP TABLE mk_rated")
    assert sorted(names(connection)) == NAMES
    assert connection.execute("SELECT count(*) FROM models").fetchone() == (2,)


def test_a_connection_that_another_one_blocks(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with (
        closing(sqlite3.connect(path, timeout=0.1)) as connection,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        invented.put_into(connection)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLockedError, match=r"theirs\.db.*upgraded"):
            lend(connection)
        assert not connection.in_transaction
        other.execute("ROLLBACK")
        assert sorted(names(connection)) == NAMES


def test_a_connection_that_keeps_its_file_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as connection:
        invented.put_into(connection)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("DELETE FROM models WHERE name = 'none'")
        connection.commit()
        assert sorted(names(connection)) == NAMES
    assert list(tmp_path.iterdir()) == [path], "no other connection could read it for a backup"

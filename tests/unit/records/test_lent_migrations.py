"""Older tables on a lent connection: upgraded in a savepoint, and nothing else is changed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import DatabaseError, DatabaseLockedError, ModelKeepError
from modelkeep.records.sql import schema
from modelkeep.records.sql.service import ModelRecordServiceSQL
from support import old_catalogues as old

NAMES = ["v1-lent", "v1-odd-paths"]
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


def lend(connection: sqlite3.Connection) -> ModelRecordServiceSQL:
    return ModelRecordServiceSQL.from_connection(connection, threading.Lock())


def theirs(connection: sqlite3.Connection) -> list[Any]:
    """Return what is not ours: settings, tables and rows."""
    found: list[Any] = [connection.execute(f"PRAGMA {name}").fetchone() for name in PRAGMAS]
    found += connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master"
        " WHERE tbl_name NOT LIKE 'mk!_%' ESCAPE '!' ORDER BY name"
    ).fetchall()
    if any("models" in row for row in found if row):
        found += connection.execute("SELECT * FROM models").fetchall()
    found += connection.execute("SELECT name FROM sqlite_temp_master").fetchall()
    return [tuple(row) for row in found]


def version(connection: sqlite3.Connection) -> int:
    return schema.version_in(connection, "theirs")


@pytest.fixture(params=[True, False], ids=["keys on", "keys off"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "theirs.db", check_same_thread=False)) as made:
        made.execute(f"PRAGMA foreign_keys = {'ON' if request.param else 'OFF'}")
        made.execute("PRAGMA recursive_triggers = ON")
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_outside_a_transaction(name: str, connection: sqlite3.Connection, tmp_path: Path) -> None:
    old.put_into(name, connection)
    before = theirs(connection)
    rows = list(connection.iterdump())
    store = lend(connection)
    assert old.contents(store) == old.expected(name)
    assert not connection.in_transaction
    assert theirs(connection) == before
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    (backup,) = tmp_path.glob("*.bak")
    with closing(sqlite3.connect(backup)) as kept:
        assert list(kept.iterdump()) == rows
    assert lend(connection).list_models().total == store.list_models().total
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", NAMES)
def test_inside_a_transaction(name: str, connection: sqlite3.Connection, tmp_path: Path) -> None:
    old.put_into(name, connection)
    connection.execute("CREATE TABLE later (a)")
    connection.commit()
    for is_kept in (False, True):
        connection.execute("INSERT INTO later VALUES (1)")
        assert connection.in_transaction
        store = lend(connection)
        assert old.contents(store) == old.expected(name)
        assert connection.in_transaction
        if is_kept:
            connection.commit()
        else:
            connection.rollback()
        assert version(connection) == (schema.VERSION if is_kept else 1)
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (int(is_kept),)
    assert [file.name for file in tmp_path.iterdir()] == ["theirs.db"], "no backup is made"


def test_in_memory_and_with_rows_of_their_make() -> None:
    def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    connection = sqlite3.connect(":memory:", isolation_level=None)
    old.put_into("v1-crowd", connection)
    connection.row_factory = as_dict
    connection.text_factory = bytes
    store = lend(connection)
    assert old.contents(store) == old.expected("v1-crowd")
    assert {model.key for model in store.search(text="renamed")} == {f"{3:032x}"}
    connection.close()


def test_only_statements_that_end_nothing_of_theirs() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    old.put_into("v1-lent", connection)
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
        "DROP TABLE mk_",
        "--",
        "SAVEPOINT mk_",
        "RELEASE mk_",
        "PRAGMA database_list",
        "PRAGMA locking_mode",
        "PRAGMA foreign_keys",
        "PRAGMA foreign_key_check",
    )
    assert [line for line in statements if not line.lstrip().startswith(allowed)] == []
    assert not [line for line in statements if line.startswith("PRAGMA") and "=" in line]
    assert any(line.startswith("DROP") for line in statements)
    connection.close()


def test_what_fails_leaves_their_transaction_as_it_was(connection: sqlite3.Connection) -> None:
    old.put_into("v1-lent", connection)
    connection.execute("CREATE TABLE mk_tag_1 (a)")  # in the way of the migration
    connection.execute("INSERT INTO models VALUES (2, 'half-way', NULL)")
    before = list(connection.iterdump())
    with pytest.raises(ModelKeepError, match="mk_tag_1") as caught:
        lend(connection)
    assert caught.value.hint
    assert connection.in_transaction
    assert list(connection.iterdump()) == before
    connection.execute("DROP TABLE mk_tag_1")
    assert old.contents(lend(connection)) == old.expected("v1-lent")
    assert connection.execute("SELECT count(*) FROM models").fetchone() == (2,)


@pytest.mark.parametrize(
    "guest",
    [
        "CREATE TRIGGER seen AFTER INSERT ON mk_model BEGIN DELETE FROM tags; END",
        "CREATE INDEX fast ON mk_file (path, root)",
        "CREATE TABLE used (model TEXT REFERENCES mk_model (key) ON DELETE CASCADE)",
    ],
)
def test_what_hangs_on_our_tables_is_not_harmed(guest: str) -> None:
    connection = sqlite3.connect(":memory:")
    old.put_into("v1-lent", connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(guest)
    before = list(connection.iterdump())
    with pytest.raises(DatabaseError, match=guest.split()[2]) as caught:
        lend(connection)
    assert "Drop it" in caught.value.hint
    assert list(connection.iterdump()) == before
    connection.close()


def test_references_to_our_tables_stay_where_they_are_not_enforced() -> None:
    connection = sqlite3.connect(":memory:")
    old.put_into("v1-lent", connection)
    connection.execute("CREATE TABLE used (model TEXT REFERENCES mk_model (key))")
    connection.execute("INSERT INTO used VALUES ('twin-a')")
    lend(connection)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT * FROM used").fetchall() == [("twin-a",)]
    connection.close()


def test_a_connection_that_another_one_blocks(tmp_path: Path) -> None:
    path = old.put("v1-lent", tmp_path / "theirs.db")
    with (
        closing(sqlite3.connect(path, timeout=0.1)) as connection,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLockedError, match=r"theirs\.db.*upgraded"):
            lend(connection)
        assert not connection.in_transaction
        other.execute("ROLLBACK")
        assert old.contents(lend(connection)) == old.expected("v1-lent")


def test_a_connection_that_keeps_its_file_to_itself(tmp_path: Path) -> None:
    path = old.put("v1-lent", tmp_path / "theirs.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("DELETE FROM tags WHERE tag = 'none'")
        connection.commit()
        assert old.contents(lend(connection)) == old.expected("v1-lent")
    assert list(tmp_path.iterdir()) == [path], "no other connection could read it for a backup"

"""The law of a lent connection: nothing of its owner's is ended, changed or lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import (
    DatabaseError,
    DatabaseLockedError,
    DuplicateModelException,
    NewerDatabaseError,
    NotWritableError,
    UnknownModelException,
    WrongDatabaseError,
)
from modelkeep.records.listing import RecordFilter
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql import migrations
from modelkeep.records.sql.metadata import ModelMetadataStore
from modelkeep.records.sql.service import ModelRecordServiceSQL

Isolation = Literal["DEFERRED", "IMMEDIATE", "EXCLUSIVE"] | None

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}
PRAGMAS = (
    "journal_mode",
    "foreign_keys",
    "user_version",
    "application_id",
    "synchronous",
    "busy_timeout",
    "locking_mode",
    "recursive_triggers",
    "query_only",
    "auto_vacuum",
    "page_size",
)


def lora(name: str) -> dict[str, str]:
    return {"name": name, "path": f"{name}.safetensors", **LORA}


def all_of_theirs(connection: sqlite3.Connection) -> dict[str, Any]:
    def values(statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(statement).fetchall()]

    theirs = "SELECT * FROM sqlite_master WHERE tbl_name NOT LIKE 'mk!_%' ESCAPE '!' ORDER BY name"
    return {
        "schema": [row[:3] + row[4:] for row in values(theirs)],
        "pragmas": {name: values(f"PRAGMA {name}") for name in PRAGMAS},
        "models": values("SELECT * FROM model_config ORDER BY id"),
        "tags": values("SELECT * FROM tags ORDER BY 1"),
        "row_factory": connection.row_factory,
        "text_factory": connection.text_factory,
        "isolation_level": connection.isolation_level,
        "in_transaction": connection.in_transaction,
    }


def everything(store: ModelRecordServiceSQL) -> None:
    """Call all that writes, and much that fails."""
    store.add_model("a", lora("a"), files=[ModelFile("a", 1, 2, 3)])
    store.add_model("b", lora("b"))
    with pytest.raises(DuplicateModelException):
        store.add_model("c", lora("c"), files=[ModelFile("c", 1, 2, 3), ModelFile("a", 1, 2, 3)])
    with pytest.raises(DuplicateModelException):
        store.update_model("b", {"path": "a.safetensors"})
    with pytest.raises(UnknownModelException):
        store.del_model("nobody")
    metadata = BaseMetadata(name="n", author="a", tags={"x", "y"})
    store.metadata_store.add_metadata("a", metadata)
    store.metadata_store.add_metadata("b", metadata)
    store.metadata_store.update_metadata("a", metadata.model_copy(update={"tags": {"x", "z"}}))
    store.set_files("b", [ModelFile("b", 1, 2, 3)])
    store.set_file_hashes("b", "b", sha256="s")
    store.rename_model("b", "B")
    store.del_model("a")
    assert [item.name for item in store.list_models().items] == ["B"]
    assert [model.name for model in store.search(tags=["x"])] == ["B"]
    assert store.list_tags() == {"x", "y"}
    store.metadata_store.set_tags("b", ["by hand"])
    store.set_states({"b": RecordState.MISSING})
    assert store.page(RecordFilter(text="by b"), order="relevance", limit=1).next is None
    assert store.facets(RecordFilter(text="b")).counts["tag"] == {"x": 1, "y": 1, "by hand": 1}
    assert [file.path for _, file in store.each_file()] == ["b"]
    store.close()


def borrowed(path: Path | str, isolation: Isolation, *, foreign_keys: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, check_same_thread=False, isolation_level=isolation, timeout=0.2
    )
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
    connection.execute("PRAGMA user_version = 7")
    connection.execute("PRAGMA application_id = 99")
    connection.execute("CREATE TABLE model_config (id TEXT PRIMARY KEY, config TEXT)")
    connection.execute("CREATE TABLE tags (tag_id INTEGER PRIMARY KEY, tag_text TEXT UNIQUE)")
    connection.execute("INSERT INTO model_config VALUES ('committed', 'x')")
    connection.commit()
    return connection


@contextmanager
def lock_of(kind: str) -> Iterator[Any]:
    yield {"Lock": threading.Lock, "RLock": threading.RLock}[kind]()


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
@pytest.mark.parametrize("foreign_keys", [False, True])
@pytest.mark.parametrize("isolation", ["DEFERRED", "IMMEDIATE", None])
@pytest.mark.parametrize("is_busy", [False, True], ids=["outside", "inside"])
@pytest.mark.slow
def test_nothing_of_theirs_changes(
    tmp_path: Path, kind: str, isolation: Isolation, is_busy: bool, foreign_keys: bool
) -> None:
    path = tmp_path / "theirs.db"
    connection = borrowed(path, isolation, foreign_keys=foreign_keys)
    if is_busy:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO model_config VALUES ('uncommitted', 'y')")
        connection.execute("INSERT INTO tags (tag_text) VALUES ('x')")
    before = all_of_theirs(connection)
    with lock_of(kind) as lock:
        everything(ModelRecordServiceSQL(SimpleNamespace(conn=connection, lock=lock)))
        everything_is_released = lock.acquire(blocking=False)
        assert everything_is_released
        lock.release()
    assert all_of_theirs(connection) == before
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.in_transaction is is_busy
    with_other_eyes = sqlite3.connect(path)
    visible = with_other_eyes.execute("SELECT count(*) FROM sqlite_master WHERE name = 'mk_model'")
    assert visible.fetchone() == (0 if is_busy else 1,)
    if is_busy:
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM tags").fetchone()[0] == 0
        assert with_other_eyes.execute("SELECT count(*) FROM model_config").fetchone() == (1,)
    else:
        stored = with_other_eyes.execute("SELECT name FROM mk_model").fetchall()
        assert stored == [("B",)]
    with_other_eyes.close()
    connection.close()


def test_a_rollback_of_theirs_takes_ours_along_and_a_commit_keeps_it(tmp_path: Path) -> None:
    connection = borrowed(tmp_path / "theirs.db", "DEFERRED", foreign_keys=False)
    store = ModelRecordServiceSQL.from_connection(connection, threading.RLock())
    connection.execute("INSERT INTO tags (tag_text) VALUES ('t')")
    store.add_model("gone", lora("gone"))
    connection.rollback()
    assert store.all_models() == []
    connection.execute("INSERT INTO tags (tag_text) VALUES ('t')")
    store.add_model("kept", lora("kept"))
    connection.commit()
    assert [model.key for model in store.all_models()] == ["kept"]
    connection.close()


def test_a_call_that_fails_leaves_their_rows_and_none_of_its_own() -> None:
    connection = borrowed(":memory:", "DEFERRED", foreign_keys=False)
    store = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    connection.execute("INSERT INTO model_config VALUES ('mine', 'z')")
    same = ModelFile("same", 1, 2, 3)
    with pytest.raises(DuplicateModelException):
        store.add_model("a", lora("a"), files=[same, same])
    connection.commit()
    assert not store.exists("a")
    assert store.find_files() == []
    assert connection.execute("SELECT count(*) FROM model_config").fetchone()[0] == 2
    connection.close()


@pytest.mark.parametrize("metadata_first", [False, True])
def test_the_first_to_come_makes_the_tables(metadata_first: bool) -> None:
    connection = sqlite3.connect(":memory:")
    db = SimpleNamespace(conn=connection, lock=threading.Lock())
    kinds: list[Any] = [ModelRecordServiceSQL, ModelMetadataStore]
    made = {kind: kind(db) for kind in (reversed(kinds) if metadata_first else kinds)}
    store, metadata = made[ModelRecordServiceSQL], made[ModelMetadataStore]
    store.add_model("k", lora("k"))
    metadata.add_metadata("k", BaseMetadata(name="n", author="a", tags={"t"}))
    assert store.get_metadata("k").name == "n"
    assert store.db is metadata.db is store.metadata_store.db is db
    store.del_model("k")
    assert metadata.list_all_metadata() == []
    connection.close()


def test_stores_can_be_subclassed() -> None:
    class Mine(ModelRecordServiceSQL):
        def __init__(self, db: Any) -> None:
            super().__init__(db)
            self.asked: list[str] = []

        def get_model(self, key: str) -> Any:
            self.asked.append(key)
            return super().get_model(key)

    connection = sqlite3.connect(":memory:")
    store = Mine.from_connection(connection, threading.Lock())
    assert isinstance(store, Mine)
    store.add_model("k", lora("k"))
    assert store.get_model("k").name == "k"
    assert store.asked == ["k"]
    connection.close()


def test_a_foreign_table_with_our_prefix_is_no_hindrance() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE mk_other (a)")
    store = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    assert store.all_models() == []
    connection.close()


def test_tables_that_are_incomplete_or_newer_are_refused() -> None:
    connection = sqlite3.connect(":memory:")
    lock = threading.Lock()
    ModelRecordServiceSQL.from_connection(connection, lock)
    connection.execute("UPDATE mk_schema SET version = 99")
    with pytest.raises(NewerDatabaseError) as caught:
        ModelRecordServiceSQL.from_connection(connection, lock)
    assert caught.value.hint
    connection.execute("UPDATE mk_schema SET version = ?", (migrations.newest(),))
    connection.execute("DROP TABLE mk_file")
    with pytest.raises(WrongDatabaseError, match="mk_file"):
        ModelMetadataStore(SimpleNamespace(conn=connection, lock=lock))
    connection.execute("DROP TABLE mk_schema")
    with pytest.raises(WrongDatabaseError, match="mk_schema"):
        ModelRecordServiceSQL.from_connection(connection, lock)
    connection.close()


def test_a_read_only_connection_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with ModelRecordServiceBase.from_db_file(path) as store:
        store.add_model("k", lora("k"))
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    lent = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    assert lent.get_model("k").name == "k"
    with pytest.raises(NotWritableError, match=r"m\.db") as caught:
        lent.del_model("k")
    assert caught.value.hint
    assert lent.exists("k")
    assert not connection.in_transaction
    connection.close()


def test_a_connection_that_another_one_blocks(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = borrowed(path, "DEFERRED", foreign_keys=True)
    store = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLockedError, match=r"theirs\.db"):
        store.add_model("k", lora("k"))
    assert not connection.in_transaction
    other.execute("ROLLBACK")
    store.add_model("k", lora("k"))
    other.close()
    connection.close()


def test_a_closed_connection_is_an_error_of_ours() -> None:
    connection = sqlite3.connect(":memory:")
    store = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    connection.close()
    with pytest.raises(DatabaseError) as caught:
        store.all_models()
    assert caught.value.hint


def test_a_connection_of_another_thread_is_an_error_of_ours() -> None:
    connection = sqlite3.connect(":memory:")
    store = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    caught: list[BaseException] = []

    def read() -> None:
        try:
            store.all_models()
        except DatabaseError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert "check_same_thread" in getattr(caught[0], "hint", "")
    connection.close()


@pytest.mark.parametrize("is_busy", [False, True], ids=["outside", "inside"])
def test_no_statement_could_end_a_transaction_of_theirs(is_busy: bool) -> None:
    connection = borrowed(":memory:", None, foreign_keys=False)
    if is_busy:
        connection.execute("BEGIN")
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    everything(ModelRecordServiceSQL.from_connection(connection, threading.Lock()))
    connection.set_trace_callback(None)
    allowed = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "--", "PRAGMA database_list")
    # The text index asks for the data version, which changes nothing.
    ours = ("PRAGMA 'main'.data_version", "SAVEPOINT mk_", "RELEASE mk_", "ROLLBACK TO mk_")
    assert [line for line in statements if not line.lstrip().startswith(allowed + ours)] == []
    assert any(line.startswith("SAVEPOINT") for line in statements)
    connection.close()


def test_two_lent_connections_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    failures: list[BaseException] = []
    with_wal = sqlite3.connect(path)
    with_wal.execute("PRAGMA journal_mode = WAL")
    store = ModelRecordServiceSQL.from_connection(with_wal, threading.Lock())
    for mark in "ab":
        store.add_model(mark, lora(mark))

    def rename(mark: str) -> None:
        connection = sqlite3.connect(path, timeout=30)
        mine = ModelRecordServiceSQL.from_connection(connection, threading.Lock())
        try:
            for number in range(60):
                mine.rename_model(mark, f"{mark}{number}")
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)
        connection.close()

    threads = [threading.Thread(target=rename, args=(mark,)) for mark in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {model.name for model in store.all_models()} == {"a59", "b59"}
    with_wal.close()

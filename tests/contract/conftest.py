"""The stores that every test of this folder runs against: one factory each."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL

StoreFactory = Callable[[Path], AbstractContextManager[ModelRecordServiceBase]]


@contextmanager
def own_file(folder: Path) -> Iterator[ModelRecordServiceBase]:
    with ModelRecordServiceBase.from_db_file(folder / "models.db") as store:
        yield store


@contextmanager
def in_memory(folder: Path) -> Iterator[ModelRecordServiceBase]:
    del folder
    db = SqliteDatabase()
    yield ModelRecordServiceSQL(db)
    db.close()


@contextmanager
def lent(folder: Path) -> Iterator[ModelRecordServiceBase]:
    """Lend a connection with the defaults of sqlite3 and a lock that is not reentrant."""
    connection = sqlite3.connect(folder / "theirs.db", check_same_thread=False)
    yield ModelRecordServiceSQL.from_connection(connection, threading.Lock())
    assert not connection.in_transaction
    connection.close()


@contextmanager
def lent_in_transaction(folder: Path) -> Iterator[ModelRecordServiceBase]:
    """Lend a connection whose owner is in the middle of something, with rows of its own make."""

    def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    connection = sqlite3.connect(folder / "theirs.db", check_same_thread=False)
    connection.row_factory = as_dict
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("CREATE TABLE theirs (a)")
    connection.execute("INSERT INTO theirs VALUES (1)")
    yield ModelRecordServiceSQL.from_connection(connection, threading.RLock())
    assert connection.in_transaction
    connection.rollback()
    assert connection.execute("SELECT count(*) AS n FROM theirs").fetchone() == {"n": 0}
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    assert tables.fetchall() == [{"name": "theirs"}]
    connection.close()


@contextmanager
def lent_bytes(folder: Path) -> Iterator[ModelRecordServiceBase]:
    """Lend a connection that commits each statement and hands out text as bytes."""
    connection = sqlite3.connect(
        folder / "theirs.db", check_same_thread=False, isolation_level=None
    )
    connection.text_factory = bytes
    yield ModelRecordServiceSQL.from_connection(connection, threading.RLock())
    connection.close()


@contextmanager
def yaml_file(folder: Path) -> Iterator[ModelRecordServiceBase]:
    with ModelRecordServiceBase.from_db_file(folder / "configs" / "models.yaml") as store:
        yield store


@contextmanager
def yaml_by_hand(folder: Path) -> Iterator[ModelRecordServiceBase]:
    """Begin with a file as a person may leave it; another process reads it again in the end."""
    path = folder / "models.yml"
    path.write_bytes(
        b"\xef\xbb\xbf---\r\n# mine\r\n'models' : # here\r\n\r\n"
        b'"__metadata__": {version: 3.2.0}   # there\r\n# end'
    )
    with ModelRecordServiceBase.from_db_file(path) as store:
        yield store
        with ModelRecordServiceBase.from_db_file(path) as again:
            again.roots = store.roots
            assert again.all_models() == store.all_models()
            assert again.find_files() == store.find_files()
            assert again.list_all_metadata() == store.list_all_metadata()
    text = path.read_text(encoding="utf-8")
    assert all(mark in text for mark in ("# mine", "# here", "# there", "# end"))


FACTORIES: list[StoreFactory] = [
    own_file,
    in_memory,
    lent,
    lent_in_transaction,
    lent_bytes,
    yaml_file,
    yaml_by_hand,
]


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModelRecordServiceBase]:
    with request.param(tmp_path) as opened:
        yield opened

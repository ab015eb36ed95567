"""Running SQLAlchemy statements on one sqlite3 connection, one transaction at a time.

The connection may be lent: then its owner may be in the middle of a transaction, and the rules
are that we never end it, and never change a setting of the connection. A SAVEPOINT does both
jobs: inside a transaction it nests, outside one it is a transaction of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from typing import Any, Protocol

from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql import ClauseElement

from modelkeep.core.names import shown
from modelkeep.records import schema
from modelkeep.records.database import SqliteDatabase
from modelkeep.records.faults import translated

Row = tuple[Any, ...]


class ConnectionHolder(Protocol):
    """What a store needs of a database: a connection and the lock that guards it."""

    @property
    def conn(self) -> sqlite3.Connection:
        """The open connection."""
        ...

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """A ``threading.Lock`` or ``RLock``, taken once for each transaction."""
        ...


class Work:
    """Statements inside one transaction; lives no longer than its ``with`` block."""

    def __init__(self, connection: sqlite3.Connection, spoken: Dialect) -> None:
        self._cursor = connection.cursor()
        self._cursor.row_factory = None  # plain tuples, whatever the connection makes of rows
        self._dialect = spoken

    def run(self, statement: ClauseElement) -> list[Row]:
        """Run a statement and return all its rows, as plain tuples."""
        compiled = statement.compile(
            dialect=self._dialect, compile_kwargs={"render_postcompile": True}
        )
        values = {name: _bound(value) for name, value in (compiled.params or {}).items()}
        self._cursor.execute(str(compiled), values)
        return [tuple(_read(value) for value in row) for row in self._cursor.fetchall()]

    def run_many(self, statement: ClauseElement, rows: list[dict[str, Any]]) -> None:
        """Run a statement that returns nothing once for each row."""
        if rows:
            compiled = statement.compile(dialect=self._dialect, column_keys=list(rows[0]))
            bound = [{name: _bound(value) for name, value in row.items()} for row in rows]
            self._cursor.executemany(str(compiled), bound)

    @property
    def changed(self) -> int:
        """How many rows the last statement inserted, updated or deleted."""
        return self._cursor.rowcount

    def close(self) -> None:
        """Let go of the cursor."""
        self._cursor.close()


class Transactions:
    """Transactions on the connection of ``db``; makes our tables if none are there.

    Args:
        db: A ``SqliteDatabase``, or any object with ``conn`` and ``lock`` (a lent connection).

    Raises:
        WrongDatabaseError: some of our tables are there and some are not.
        DatabaseError: the database cannot be used.
    """

    def __init__(self, db: ConnectionHolder) -> None:
        self._db = db
        self._dialect: Dialect = dialect(paramstyle="named")
        if isinstance(db, SqliteDatabase):
            self.name = db.name
            self._begin = "BEGIN IMMEDIATE"
            return
        self._begin = "SAVEPOINT mk_work"
        with db.lock:
            self.name = _file_of(db.conn)
            with translated(self.name):
                if not schema.check(db.conn, self.name):
                    self._make_tables()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Give a ``Work`` whose statements all see the same state."""
        with self._db.lock, translated(self.name), self._inside("SAVEPOINT mk_work") as work:
            yield work

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """Give a ``Work`` that is done as a whole, or not at all when an error leaves the block."""
        with self._db.lock, translated(self.name), self._inside(self._begin) as work:
            if self._begin != "BEGIN IMMEDIATE":
                # Deletes nothing, but takes the write lock while waiting is still possible: a
                # transaction that has read cannot wait for it any more.
                work.run(schema.schema_version.delete().where(schema.schema_version.c.version < 0))
            yield work

    def _make_tables(self) -> None:
        with self._inside(self._begin):
            if not schema.check(self._db.conn, self.name):
                schema.create(self._db.conn)

    @contextmanager
    def _inside(self, begin: str) -> Iterator[Work]:
        connection = self._db.conn
        begin = "SAVEPOINT mk_work" if connection.in_transaction else begin
        end, undo = _ENDINGS[begin]
        work = Work(connection, self._dialect)
        try:
            _execute(connection, begin)
            try:
                yield work
                _execute(connection, *end)
            except BaseException:
                # A full disk and its like have already rolled everything back.
                if connection.in_transaction:
                    _execute(connection, *undo)
                raise
        finally:
            work.close()


#: How each kind of transaction ends: done, and undone.
_ENDINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "BEGIN IMMEDIATE": (("COMMIT",), ("ROLLBACK",)),
    "SAVEPOINT mk_work": (
        ("RELEASE mk_work",),
        ("ROLLBACK TO mk_work", "RELEASE mk_work"),
    ),
}


def _execute(connection: sqlite3.Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement).close()


def _bound(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:  # a file name that is no UTF-8: kept as bytes, read back as it was
        return value.encode("utf-8", "surrogatepass")
    return str(value)


def _read(value: object) -> object:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def _file_of(connection: sqlite3.Connection) -> str:
    with translated("of the lent connection"):
        cursor = connection.cursor()
        cursor.row_factory = None
        rows = cursor.execute("PRAGMA database_list").fetchall()
        cursor.close()
    return shown(schema.text(rows[0][2])) if rows and rows[0][2] else "of the lent connection"

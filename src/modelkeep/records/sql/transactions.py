"""Running SQLAlchemy statements on one sqlite3 connection, one transaction at a time.

The connection may be lent: then its owner may be in the middle of a transaction, and the rules
are that we never end it, and never change a setting of the connection. A SAVEPOINT does both
jobs: inside a transaction it nests, outside one it is a transaction of its own.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import FromClause
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql import ClauseElement

from modelkeep.core.names import shown
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_errors import damaged, is_damage, translated
from modelkeep.records.sql import schema

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


class _Compiler(SQLiteCompiler):
    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002
        """Write the hint of a table, such as INDEXED BY, where SQLite expects it."""
        return text


class Statements:
    """Statements as text, compiled when they are first asked for.

    Compiling costs more than running most of them. What differs from call to call are values,
    bound by name; ``shape`` says all else.
    """

    #: Shapes are few; but lists of values of every length make a new one each.
    _ROOM = 500

    def __init__(self) -> None:
        self._dialect: Dialect = dialect(paramstyle="named")
        self._dialect.statement_compiler = _Compiler
        self._known: dict[Hashable, tuple[str, dict[str, Any]]] = {}

    def of(
        self, shape: Hashable, make: Callable[[], ClauseElement], **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the text of the statement of this shape, and the values that it brings."""
        known = self._known.get(shape)
        if known is None:
            if len(self._known) >= self._ROOM:
                self._known.clear()
            known = self._known[shape] = self.compiled(make(), **kwargs)
        return known

    def compiled(self, statement: ClauseElement, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        """Return the text of any statement, and the values that it brings."""
        compiled = statement.compile(
            dialect=self._dialect, compile_kwargs={"render_postcompile": True}, **kwargs
        )
        return str(compiled), {
            name: _bound(value) for name, value in (compiled.params or {}).items()
        }


class Work:
    """Statements inside one transaction; lives no longer than its ``with`` block."""

    def __init__(self, connection: sqlite3.Connection, statements: Statements) -> None:
        self._cursor = connection.cursor()
        self._cursor.row_factory = None  # plain tuples, whatever the connection makes of rows
        self._statements = statements
        self._hands_out_text = connection.text_factory is str

    def run(self, statement: ClauseElement) -> list[Row]:
        """Run a statement and return all its rows, as plain tuples."""
        return self._rows(*self._statements.compiled(statement))

    def ask(
        self, shape: Hashable, make: Callable[[], ClauseElement], values: Mapping[str, Any]
    ) -> list[Row]:
        """Run a statement that is compiled once, and return all its rows.

        Args:
            shape: Names the statement; two of one shape differ only in their ``values``.
            make: Makes it; called when no statement of the shape was asked for yet.
            values: For its ``bindparam``s.
        """
        text, brought = self._statements.of(shape, make)
        bound = {name: _bound(value) for name, value in values.items()}
        return self._rows(text, {**brought, **bound} if brought else bound)

    def run_many(
        self,
        shape: Hashable,
        make: Callable[[], ClauseElement],
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        """Run a statement that returns nothing once for each row.

        Args:
            shape: See ``ask``.
            make: See ``ask``.
            rows: All with the same names.
        """
        if rows:
            names = tuple(rows[0])
            text, brought = self._statements.of((shape, names), make, column_keys=names)
            bound = [
                {**brought, **{name: _bound(value) for name, value in row.items()}} for row in rows
            ]
            self._cursor.executemany(text, bound)

    def _rows(self, text: str, values: dict[str, Any]) -> list[Row]:
        found: list[Row] = self._cursor.execute(text, values).fetchall()
        if self._hands_out_text and not any(bytes in map(type, row) for row in found):
            return found
        return [tuple(_read(value) for value in row) for row in found]

    @property
    def changed(self) -> int:
        """How many rows the last statement inserted, updated or deleted."""
        return self._cursor.rowcount

    def close(self) -> None:
        """Let go of the cursor."""
        self._cursor.close()


class Transactions:
    """Transactions on the connection of ``db``.

    On a lent connection our tables are made if none are there, and upgraded if they are of an
    older version, inside a savepoint. A backup is made beside the file first, unless there is
    no file, the connection keeps it to itself, or its owner is in the middle of a transaction:
    what is committed is another state then, and a rollback of the owner undoes the upgrade too.

    Args:
        db: A ``SqliteDatabase``, or any object with ``conn`` and ``lock`` (a lent connection).

    Raises:
        WrongDatabaseError: some of our tables are there and some are not.
        DatabaseError: the database cannot be used.
    """

    def __init__(self, db: ConnectionHolder) -> None:
        self._db = db
        self._statements = Statements()
        self._own = db if isinstance(db, SqliteDatabase) else None
        if self._own is not None:
            self.name, self._path = self._own.name, self._own.path
            self._begin = "BEGIN IMMEDIATE"
            return
        self._begin = "SAVEPOINT mk_work"
        with db.lock:
            self._path = _file_of(db.conn)
            self.name = shown(self._path) if self._path else "of the lent connection"
            with translated(self.name, self._path):
                version = schema.check(db.conn, self.name)
                if not version:
                    self._make_tables()
                elif version < schema.VERSION:
                    self._upgrade(version)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Give a ``Work`` whose statements all see the same state."""
        with (
            self._db.lock,
            translated(self.name, self._path),
            self._inside("SAVEPOINT mk_work") as work,
        ):
            yield work

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """Give a ``Work`` that is done as a whole, or not at all when an error leaves the block.

        Raises:
            CorruptDatabaseError: damage was found before; more would come of it.
        """
        with self._db.lock, translated(self.name, self._path):
            if self._own is not None and self._own.damage:
                raise damaged(self.name, self._own.damage)
            with self._locked() as work:
                yield work

    @contextmanager
    def _locked(self) -> Iterator[Work]:
        with self._inside(self._begin) as work:
            if self._begin != "BEGIN IMMEDIATE":
                # Deletes nothing, but takes the write lock while waiting is still possible: a
                # transaction that has read cannot wait for it any more.
                work.run(schema.schema_version.delete().where(schema.schema_version.c.version < 0))
            yield work

    def _make_tables(self) -> None:
        with self._inside(self._begin):
            if not schema.check(self._db.conn, self.name):
                schema.create(self._db.conn)

    def _upgrade(self, version: int) -> None:
        from modelkeep.records.migrations.upgrade import Target, upgrade  # noqa: PLC0415 - heavy

        connection = self._db.conn
        ((locking,),) = schema.rows_of(connection, "PRAGMA locking_mode")
        is_shared = not connection.in_transaction and schema.text(locking) == "normal"
        path = self._path if is_shared else None
        target = Target(connection, self.name, path, is_ours_alone=False)
        upgrade(target, version, self._locked(), logging.getLogger(__name__))

    @contextmanager
    def _inside(self, begin: str) -> Iterator[Work]:
        connection = self._db.conn
        begin = "SAVEPOINT mk_work" if connection.in_transaction else begin
        end, undo = _ENDINGS[begin]
        work = Work(connection, self._statements)
        try:
            _execute(connection, begin)
            try:
                yield work
                _execute(connection, *end)
            except BaseException as error:
                if self._own is not None and is_damage(error):
                    self._own.damage = str(error)
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


def _file_of(connection: sqlite3.Connection) -> Path | None:
    with translated("of the lent connection"):
        found = schema.rows_of(connection, "PRAGMA database_list")
    file = schema.text(found[0][2] or "") if found else ""
    return Path(file) if file else None

"""SQLAlchemy engines over sqlite3 connections, our own and lent ones.

A lent connection may be in the middle of a transaction of its owner, which we never end, and no
setting of it is ever changed. So the engine sees a ``Handle``, whose transactions are savepoints
where there is one already: inside a transaction they nest, outside they are one of their own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Protocol, Self

from sqlalchemy import FromClause, Select
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import Pool, QueuePool, StaticPool
from sqlalchemy.util import LRUCache

#: Idle readers that stay open.
IDLE_READERS = 4
#: Compiled statements that are kept for all databases of the process.
_STATEMENTS = 500


SqliteConnection = sqlite3.Connection


class Holder(Protocol):
    """What has a connection; which one is asked for anew for each statement."""

    @property
    def conn(self) -> sqlite3.Connection:
        """The open connection."""
        ...


class Handle:
    """A connection as SQLAlchemy uses it.

    Args:
        begin: How a transaction begins; None for a savepoint in any case.
        is_owned: ``close`` closes it.
    """

    def __init__(self, holder: Holder, begin: str | None, *, is_owned: bool = False) -> None:
        self.holder = holder
        self._begin = begin
        self._is_owned = is_owned
        self._is_nested = False

    def cursor(self) -> sqlite3.Cursor:
        """Return a cursor that gives plain tuples, whatever the connection makes of rows."""
        cursor = self.holder.conn.cursor(TextCursor)
        cursor.row_factory = None
        return cursor

    def begin(self) -> None:
        """Begin a transaction, or a savepoint in that of the owner."""
        self._is_nested = self._begin is None or self.holder.conn.in_transaction
        self._run("SAVEPOINT mk_work" if self._is_nested else self._begin or "BEGIN")

    def commit(self) -> None:
        """End what ``begin`` began; roll it back where that fails."""
        try:
            self._run("RELEASE mk_work" if self._is_nested else "COMMIT")
        except sqlite3.Error:
            self.rollback()  # SQLAlchemy takes a failed commit for the end, SQLite may not
            raise

    def rollback(self) -> None:
        """Undo what was done since ``begin``."""
        # A full disk and its like have already rolled everything back.
        if self.holder.conn.in_transaction:
            undo = ("ROLLBACK TO mk_work", "RELEASE mk_work") if self._is_nested else ("ROLLBACK",)
            for statement in undo:
                self._run(statement)

    def close(self) -> None:
        """Close the connection, if it is ours."""
        if self._is_owned:
            self.holder.conn.close()

    def _run(self, statement: str) -> None:
        self.holder.conn.execute(statement).close()


class TextCursor(sqlite3.Cursor):
    """Keeps text that is not UTF-8, as in names of files, as bytes; and reads it as it was."""

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        """Run a statement."""
        try:
            return super().execute(sql, parameters)
        except UnicodeEncodeError:
            return super().execute(sql, tuple(map(_stored, parameters)))

    def executemany(self, sql: str, parameters: Any) -> Self:
        """Run a statement once for each of the parameters."""
        return super().executemany(sql, [_storable(row) for row in parameters])

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        found = super().fetchall()
        if any(bytes in map(type, row) for row in found):
            return [tuple(map(_read, row)) for row in found]
        return found


def _storable(row: Sequence[object]) -> Sequence[object]:
    try:
        "".join([value for value in row if type(value) is str]).encode()
    except UnicodeEncodeError:
        return tuple(map(_stored, row))
    return row


def _stored(value: object) -> object:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


def _read(value: object) -> object:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


class _Compiler(SQLiteCompiler):
    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002
        """Write the hint of a table, such as INDEXED BY, where SQLite expects it."""
        return text


class _Dialect(SQLiteDialect_pysqlite):
    """Begins transactions explicitly, where sqlite3 would wait for the first change."""

    supports_statement_cache = True
    statement_compiler = _Compiler

    def do_begin(self, dbapi_connection: Any) -> None:
        dbapi_connection.begin()

    def is_disconnect(self, e: object, connection: object, cursor: object) -> bool:  # noqa: ARG002
        """Tell that a file has no connection to lose."""
        return False


def engine_of(connect: Callable[[], Handle]) -> Engine:
    """Return an engine over one connection."""
    creator: Any = connect
    return _engine(StaticPool(creator, dialect=dialect(), reset_on_return=None))


def pooled_engine(connect: Callable[[], Handle]) -> Engine:
    """Return an engine over as many connections as there are transactions at a time."""
    creator: Any = connect
    pool = QueuePool(
        creator,
        dialect=dialect(),
        pool_size=IDLE_READERS,
        max_overflow=-1,
        reset_on_return=None,
        use_lifo=True,
    )
    return _engine(pool)


def _engine(pool: Pool) -> Engine:
    # Not ``create_engine``, which asks each new connection for things, adds functions to it and
    # rolls it back: none of that may happen to a connection that is lent.
    return Engine(pool, dialect(), make_url("sqlite://"), execution_options=_options())


@cache
def dialect() -> SQLiteDialect_pysqlite:
    """Return the dialect of all our engines."""
    return _Dialect(dbapi=sqlite3)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as SQL.

    Attributes:
        text: The SQL.
        names: Its parameters, in order; one may occur several times.
        constants: Values of parameters that the statement brings itself.
    """

    text: str
    names: Sequence[str]
    constants: Mapping[str, Any]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the values of the parameters, in order."""
        known = {**self.constants, **given}
        return [known[name] for name in self.names]


@lru_cache(_STATEMENTS)
def compiled(statement: Select[Any]) -> Compiled:
    """Return a statement, one that is kept, as SQL."""
    found: Any = statement.compile(dialect=dialect())
    constants = {name: value for name, value in found.params.items() if value is not None}
    return Compiled(found.string, found.positiontup or (), constants)


@cache
def _options() -> Mapping[str, Any]:
    return {"compiled_cache": LRUCache(_STATEMENTS)}

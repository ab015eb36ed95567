"""The tables of the catalogue in a SQLite database: their version and creation."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlalchemy import insert

from modelkeep.records.dialects import sqlite_text
from modelkeep.records.dialects.sqlite_engine import dialect
from modelkeep.records.sql import schema

#: Names of all our tables.
OURS = frozenset({*schema.tables.tables, sqlite_text.TABLE})


def check(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of the tables that a database has: ours, an older one, or 0 for none.

    Args:
        connection: To look at; nothing is changed.
        name: The database, for messages.

    Raises:
        WrongDatabaseError: it has some of our tables, or no version.
        NewerDatabaseError: it was written by a newer modelkeep.
    """
    version = version_in(connection, name)
    if version:
        schema.refuse_unusable(name, OURS - _ours_in(connection), version)
    return version


def version_in(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of the tables that a database has, newer ones too; 0 for none.

    Raises:
        WrongDatabaseError: it has some of our tables, or no version.
    """
    found = _ours_in(connection)
    versions = rows_of(connection, "SELECT version FROM mk_schema") if "mk_schema" in found else []
    return schema.version_of(name, found, versions[0][0] if versions else None)


def create(connection: sqlite3.Connection) -> None:
    """Make our tables and the text index, inside a transaction that the caller has begun."""
    cursor = connection.cursor()
    for statement in schema.new_tables():
        cursor.execute(str(statement.compile(dialect=dialect())))
    for text in sqlite_text.STATEMENTS:
        cursor.execute(text)
    row = schema.version_row()
    added = insert(schema.schema_version).compile(dialect=dialect(), column_keys=list(row))
    cursor.execute(str(added), tuple(row.values()))
    cursor.close()


def orphan_in(connection: sqlite3.Connection) -> str:
    """Say which row of ours refers to one that is not there; empty when none does."""
    for name in sorted(_ours_in(connection) & schema.tables.tables.keys()):
        orphans = rows_of(connection, f'PRAGMA foreign_key_check("{name}")')
        if orphans:
            return f"a row of {name} belongs to no row of {text_of(orphans[0][2])}"
    return ""


def rows_of(connection: sqlite3.Connection, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a statement, as plain tuples."""
    # Closed at once when it fails too: a connection stays open until its statements have ended.
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = None  # plain tuples, whatever the connection makes of rows
        rows: list[tuple[object, ...]] = cursor.execute(statement).fetchall()
    return rows


def text_of(value: object) -> str:
    """Return a text value; a lent connection may hand out bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _ours_in(connection: sqlite3.Connection) -> set[str]:
    found = rows_of(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return {text_of(value) for (value,) in found} & OURS

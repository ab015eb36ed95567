"""The tables of the catalogue, and how a database shows that it has them.

All names begin with ``mk_``: the tables may live in somebody else's database.
"""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

import modelkeep
from modelkeep.errors import NewerDatabaseError, WrongDatabaseError

#: Version of these tables. A database with a higher one is refused.
VERSION = 1

tables = MetaData()


def _model_key(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    owner = ForeignKey("mk_model.key", ondelete="CASCADE")
    return Column("model_key", owner, primary_key=primary_key, index=index, nullable=False)


#: One row for each record. ``config`` is the whole record as JSON; the other columns repeat what
#: is filtered and sorted by. ``sort_name`` and ``words`` are folded to lower case.
model = Table(
    "mk_model",
    tables,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("sort_name", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("base", Text, nullable=False, index=True),
    Column("format", Text, nullable=False, index=True),
    Column("path", Text, nullable=False, unique=True),
    Column("original_hash", Text, index=True),
    Column("current_hash", Text, index=True),
    Column("size", Integer, index=True),
    Column("description", Text),
    Column("source", Text, index=True),
    Column("words", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("updated_at", Float, nullable=False),
    Column("config", Text, nullable=False),
    Index("ix_mk_model_default_order", "type", "base", "format", "sort_name"),
)

#: One row for each file that a record owns; see ``core.files.ModelFile``.
file = Table(
    "mk_file",
    tables,
    Column("id", Integer, primary_key=True),
    _model_key(index=True),
    Column("root", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", Integer, nullable=False, index=True),
    Column("mtime_ns", Integer, nullable=False),
    Column("inode", Integer, nullable=False),
    Column("sha256", Text, index=True),
    Column("blake3", Text, index=True),
    Column("hashed_at", Float),
    Unique("root", "path"),
)

#: What a site says about a model, as JSON.
metadata = Table(
    "mk_metadata",
    tables,
    _model_key(primary_key=True),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False, index=True),
    Column("author", Text, nullable=False, index=True),
    Column("metadata", Text, nullable=False),
)

tag = Table(
    "mk_tag",
    tables,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
)

model_tag = Table(
    "mk_model_tag",
    tables,
    _model_key(primary_key=True),
    Column("tag_id", ForeignKey("mk_tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)

schema_version = Table(
    "mk_schema",
    tables,
    Column("version", Integer, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)


def check(connection: sqlite3.Connection, name: str) -> bool:
    """Tell whether the database has our tables: True all of them, False none.

    Args:
        connection: To look at; nothing is changed.
        name: The database, for messages.

    Raises:
        WrongDatabaseError: it has some of them, or no version.
        NewerDatabaseError: it was written by a newer modelkeep.
    """
    names = {text(value) for (value,) in _rows(connection, _TABLES)}
    found = names & tables.tables.keys()
    if not found:
        return False
    versions = _rows(connection, "SELECT version FROM mk_schema") if "mk_schema" in found else []
    version = versions[0][0] if versions else None
    if not isinstance(version, int):
        raise _incomplete(name, "mk_schema")
    if version > VERSION:
        raise newer(name, version)
    missing = tables.tables.keys() - found
    if missing:
        raise _incomplete(name, *sorted(missing))
    return True


def create(connection: sqlite3.Connection) -> None:
    """Create our tables, inside a transaction that the caller has begun."""
    sqlite = dialect()
    cursor = connection.cursor()
    for table in tables.sorted_tables:
        cursor.execute(str(CreateTable(table).compile(dialect=sqlite)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            cursor.execute(str(CreateIndex(index).compile(dialect=sqlite)))
    cursor.execute(
        "INSERT INTO mk_schema (version, written_by, created_at) VALUES (?, ?, ?)",
        (VERSION, f"modelkeep {modelkeep.__version__}", time.time()),
    )
    cursor.close()


def newer(name: str, version: int) -> NewerDatabaseError:
    """Return the error for a database with a ``version`` above ours."""
    return NewerDatabaseError(
        f"The catalogue {name} was written by a newer modelkeep"
        f" (its version is {version}, this program knows {VERSION})",
        hint="Update modelkeep: pip install --upgrade modelkeep",
    )


def text(value: object) -> str:
    """Return a text value; a lent connection may hand out bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


def _incomplete(name: str, *missing: str) -> WrongDatabaseError:
    return WrongDatabaseError(
        f"{name} is no complete catalogue of modelkeep: it lacks {', '.join(missing)}",
        hint="Restore a copy of the file, or name another one; nothing was changed.",
    )


def _rows(connection: sqlite3.Connection, statement: str) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    cursor.row_factory = None  # plain tuples, whatever the connection makes of rows
    rows: list[tuple[object, ...]] = cursor.execute(statement).fetchall()
    cursor.close()
    return rows

"""The tables of the catalogue, and how a database shows that it has them.

All names begin with ``mk_``: the tables may live in somebody else's database.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

import modelkeep
from modelkeep.errors import NewerDatabaseError, WrongDatabaseError
from modelkeep.records.dialects import sqlite_text as text_index

#: Version of these tables. A database with a higher one is refused.
VERSION = 2

tables = MetaData()


def _model_key(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    owner = ForeignKey("mk_model.key", ondelete="CASCADE")
    return Column("model_key", owner, primary_key=primary_key, index=index, nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


#: One row for each record, which lies at ``path`` below ``root``. ``config`` is the record as
#: JSON without key, path, root and state; the other columns repeat what is filtered and sorted
#: by. ``sort_name`` is folded to lower case. The columns that end in ``_words`` are what text
#: search reads: the words of ``records.text.indexed_words`` with a blank between them.
#: ``tag_words`` and ``author_words`` are filled in by triggers.
model: Table = Table(
    "mk_model",
    tables,
    Column("id", Integer, primary_key=True),  # of its own: VACUUM renumbers rows without one
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="present"),
    Column("original_hash", Text, index=True),
    Column("current_hash", Text),
    Column("size", Integer),
    Column("source", Text, index=True),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("config", Text, nullable=False),
    _words("name_words"),
    Column("tag_words", Text, server_default=""),  # NULL while tags are being set
    _words("phrase_words"),
    _words("author_words"),
    _words("description_words"),
)

Index("ix_mk_model_place", model.c.root, model.c.path, unique=True)
# Each order that records are listed in, and each filter that such an order is common with. The
# names are in no index: models of one name are few, and are sorted when they are read.
Index("ix_mk_model_by_name", model.c.sort_name)
Index("ix_mk_model_by_size", model.c.size.desc(), model.c.sort_name)
Index("ix_mk_model_by_date", model.c.created_at.desc(), model.c.sort_name)
Index("ix_mk_model_by_type", model.c.type, model.c.sort_name)
Index("ix_mk_model_by_base", model.c.base, model.c.sort_name)
Index("ix_mk_model_by_format", model.c.format, model.c.sort_name)
Index("ix_mk_model_by_type_base", model.c.type, model.c.base, model.c.sort_name)
Index("ix_mk_model_default_order", *(model.c[n] for n in ("type", "base", "format", "sort_name")))
Index("ix_mk_model_state", model.c.state, model.c.sort_name)
# Read alone, in place of the rows, when records are counted.
Index("ix_mk_model_facets", *(model.c[n] for n in ("type", "base", "format", "root", "state")))

#: One row for each file that a record owns, at ``path`` below ``root``; see
#: ``core.files.ModelFile``.
file: Table = Table(
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
metadata: Table = Table(
    "mk_metadata",
    tables,
    _model_key(primary_key=True),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False, index=True),
    Column("author", Text, nullable=False, index=True),
    Column("metadata", Text, nullable=False),
    _words("author_words"),
)

tag: Table = Table(
    "mk_tag",
    tables,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
    _words("words"),
)

#: Who gave a model a tag: its site, by way of the metadata, or the user, by hand; perhaps both.
model_tag: Table = Table(
    "mk_model_tag",
    tables,
    _model_key(primary_key=True),
    Column("tag_id", ForeignKey("mk_tag.id", ondelete="CASCADE"), primary_key=True),
    Column("origin", Text, primary_key=True, server_default="site"),
    Index("ix_mk_model_tag_tag_id", "tag_id", "model_key"),
)

schema_version: Table = Table(
    "mk_schema",
    tables,
    Column("version", Integer, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)


def check(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of the tables that the database has: ``VERSION``, an older one, or 0.

    Args:
        connection: To look at; nothing is changed.
        name: The database, for messages.

    Returns:
        0 when it has none of our tables. Whether an older version is complete is for its
        migration to see.

    Raises:
        WrongDatabaseError: it has some of them, or no version.
        NewerDatabaseError: it was written by a newer modelkeep.
    """
    version = version_in(connection, name)
    if version > VERSION:
        raise newer(name, version)
    if version == VERSION:
        refuse_incomplete(connection, name, {*tables.tables, text_index.TABLE})
    return version


def version_in(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of the tables that the database has, newer ones too; 0 for none.

    Raises:
        WrongDatabaseError: it has some of them, or no version.
    """
    found = {*tables.tables, text_index.TABLE} & names_in(connection)
    if not found:
        return 0
    versions = rows_of(connection, "SELECT version FROM mk_schema") if "mk_schema" in found else []
    version = versions[0][0] if versions else None
    if not isinstance(version, int) or version < 1:
        raise _incomplete(name, "mk_schema")
    return version


def refuse_incomplete(connection: sqlite3.Connection, name: str, wanted: Collection[str]) -> None:
    """Raise unless the database has all the tables in ``wanted``.

    Raises:
        WrongDatabaseError: it lacks some; the message names them.
    """
    missing = set(wanted) - names_in(connection)
    if missing:
        raise _incomplete(name, *sorted(missing))


def names_in(connection: sqlite3.Connection) -> set[str]:
    """Return the names of all tables in the database, ours or not."""
    return {text(value) for (value,) in rows_of(connection, _TABLES)}


def create(connection: sqlite3.Connection) -> None:
    """Create our tables and the text index, inside a transaction that the caller has begun."""
    create_tables(connection)
    cursor = connection.cursor()
    for statement in text_index.STATEMENTS:
        cursor.execute(statement)
    cursor.execute(
        "INSERT INTO mk_schema (version, written_by, created_at) VALUES (?, ?, ?)",
        (VERSION, f"modelkeep {modelkeep.__version__}", time.time()),
    )
    cursor.close()


def create_tables(connection: sqlite3.Connection) -> None:
    """Create our tables with their indexes, empty, without what keeps the text index in step."""
    sqlite = dialect()
    cursor = connection.cursor()
    for table in tables.sorted_tables:
        cursor.execute(str(CreateTable(table).compile(dialect=sqlite)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            cursor.execute(str(CreateIndex(index).compile(dialect=sqlite)))
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


def rows_of(connection: sqlite3.Connection, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a statement, as plain tuples."""
    cursor = connection.cursor()
    cursor.row_factory = None  # plain tuples, whatever the connection makes of rows
    rows: list[tuple[object, ...]] = cursor.execute(statement).fetchall()
    cursor.close()
    return rows

"""The tables of the catalogue, and how a database shows that it has them.

All names begin with ``mk_``: the tables may be in a database of another program.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

import modelkeep
from modelkeep.errors import NewerDatabaseError, WrongDatabaseError
from modelkeep.records.sql import migrations

tables = MetaData()

#: Columns that records are counted by.
COUNTED_COLUMNS = (
    *("type", "base", "format", "root", "state"),
    *("site", "licence", "lineage", "size_class", "used"),
)


def _model_key(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    owner = ForeignKey("mk_model.key", ondelete="CASCADE")
    return Column("model_key", owner, primary_key=primary_key, index=index, nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _known(name: str) -> Column[str]:
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
    # See ``records.facts``; empty where nothing is known.
    _known("site"),
    _known("licence"),
    _known("lineage"),
    _known("size_class"),
    Column("used", Text, nullable=False, server_default="never"),
    Column("loaded_at", Float),  # NULL while it was never loaded
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
Index("ix_mk_model_facets", *(model.c[name] for name in COUNTED_COLUMNS))

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

#: Metadata of a model from its site, as JSON.
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


def version_of(name: str, found: Collection[str], version: object) -> int:
    """Return the version of the tables in a database, newer ones too; 0 when there are none.

    Args:
        name: The database, for messages.
        found: Which of our tables it has.
        version: From ``mk_schema``, if it is there.

    Raises:
        WrongDatabaseError: it has some of our tables, or no version.
    """
    if not found:
        return 0
    if not isinstance(version, int) or version < 1:
        raise _incomplete(name, "mk_schema")
    return version


def refuse_unusable(name: str, missing: Collection[str], version: int) -> None:
    """Raise unless the tables of a database are all there, or are of an older version.

    Raises:
        WrongDatabaseError: some are missing.
        NewerDatabaseError: it was written by a newer modelkeep.
    """
    if version > migrations.newest():
        raise newer(name, version)
    if version == migrations.newest() and missing:
        raise _incomplete(name, *sorted(missing))


def new_tables() -> list[ExecutableDDLElement]:
    """Return the statements that make the tables with their indexes."""
    return [statement for table in tables.sorted_tables for statement in _with_indexes(table)]


def _with_indexes(table: Table) -> list[ExecutableDDLElement]:
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    return [CreateTable(table), *map(CreateIndex, indexes)]


def version_row() -> dict[str, object]:
    """Return the row of ``mk_schema`` of a new database."""
    return {"version": migrations.newest(), "written_by": writer(), "created_at": time.time()}


def writer() -> str:
    """Return the ``written_by`` of this program."""
    return f"modelkeep {modelkeep.__version__}"


def words_of_tags(key: ColumnElement[str]) -> Select[Any]:
    """Return what ``tag_words`` of the record ``key`` has to be."""
    mine = select(model_tag.c.tag_id).where(model_tag.c.model_key == key)
    words = func.coalesce(func.aggregate_strings(tag.c.words, " "), "")
    return select(words).where(tag.c.id.in_(mine))


def newer(name: str, version: int) -> NewerDatabaseError:
    """Return the error for a database of a newer modelkeep."""
    return NewerDatabaseError(
        f"The catalogue {name} was written by a newer modelkeep"
        f" (its version is {version}, this program knows {migrations.newest()})",
        hint="Update modelkeep: pip install --upgrade modelkeep",
    )


def _incomplete(name: str, *missing: str) -> WrongDatabaseError:
    return WrongDatabaseError(
        f"{name} is an incomplete modelkeep catalogue: it lacks {', '.join(missing)}",
        hint="Restore a copy of the file or choose another one. Nothing was changed.",
    )

"""All models of a SQLite catalogue as a table shows them, read without SQLAlchemy.

``modelkeep list`` runs often, and loading SQLAlchemy and the classes of records takes longer than
all the rest of it. So its one statement stands here as SQLAlchemy writes it, which a test
compares. Everything else about a catalogue is done in one place: where it is not simply there and
in order, nothing is returned, and it has to be opened as usual.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType, RecordState
from modelkeep.disk.access import gives_its_group, is_changeable
from modelkeep.records.dialects import mounts
from modelkeep.records.dialects.sqlite_damage import found_damage
from modelkeep.records.locations import RecordSettings, catalogue_file
from modelkeep.records.sql import migrations

#: ``paging.page_of`` all records by name, but for the white space; its two parameters are limit
#: and offset.
ALL_BY_NAME = (
    'SELECT mk_model."key", mk_model.type, mk_model.base, mk_model.format, mk_model.root,'
    " mk_model.path, mk_model.state, mk_model.config, mk_model.sort_name AS sort_,"
    " mk_model.sort_name, mk_model.name"
    " FROM mk_model INDEXED BY ix_mk_model_by_name"
    ' ORDER BY mk_model.sort_name, mk_model.name, mk_model."key" LIMIT ? OFFSET ?'
)
_NO_LIMIT = (-1, 0)


@dataclass(frozen=True, slots=True)
class ModelLine:
    """What a table shows of a record.

    Attributes:
        root: Name of the root that it is in.
        path: Where it is in there.
    """

    key: str
    name: str
    type: ModelType
    base: BaseModelType
    format: ModelFormat
    size: int | None
    root: str
    path: str
    variant: str | None
    state: RecordState


def all_by_name(settings: RecordSettings) -> tuple[ModelLine, ...] | None:
    """Return all models of a catalogue, sorted by name; nothing is changed.

    Returns:
        None where it has to be opened as usual: it is no SQLite file with a write-ahead log, of
        this version, on a local disk, that this user may write; something in it cannot be read;
        or it is empty, which may mean that the catalogue was another one before.
    """
    file = catalogue_file(settings).absolute()
    if str(settings.model_config_db) != "auto" and file.suffix.lower() != ".db":
        return None
    if not file.is_file() or not is_changeable(file) or not gives_its_group(file.parent):
        return None
    if mounts.is_network(mounts.file_system_of(file, mounts.mount_table())):
        return None
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("PRAGMA query_only = ON")
            return _read(connection)
    except (sqlite3.Error, OSError, ValueError, TypeError, AttributeError):
        return None


def _read(connection: sqlite3.Connection) -> tuple[ModelLine, ...] | None:
    def value_of(statement: str) -> object:
        return connection.execute(statement).fetchone()[0]

    is_plain = value_of("PRAGMA journal_mode") == "wal"
    if not is_plain or value_of("SELECT version FROM mk_schema") != migrations.newest():
        return None
    if found_damage(connection):
        return None
    return tuple(map(_line, connection.execute(ALL_BY_NAME, _NO_LIMIT))) or None


def _line(row: tuple[str, ...]) -> ModelLine:
    key, type_, base, form, root, path, state, text, *_sort, name = row
    config = json.loads(text)
    return ModelLine(
        key,
        name,
        ModelType(type_),
        BaseModelType(base),
        ModelFormat(form),
        config.get("size"),
        root,
        path,
        config.get("variant"),
        RecordState(state),
    )

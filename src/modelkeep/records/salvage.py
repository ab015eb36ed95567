"""Salvage: the records of a damaged SQLite catalogue, as many as can still be read.

A copy of the damaged file is kept. What can be read is checked value by value and stored anew in
a fresh file, which takes the place of the damaged one when it is complete.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from modelkeep.core.lookonly import copy_for_looking
from modelkeep.core.names import shown, unique_name
from modelkeep.core.roots import Roots
from modelkeep.disk import paths
from modelkeep.errors import ModelKeepError
from modelkeep.records.dialects import sqlite_text as text_index
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.readable import SavedModel, read_models
from modelkeep.records.sql.service import ModelRecordServiceSQL

_BATCH = 200
_BESIDE = ("-wal", "-shm", "-journal")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a damaged catalogue.

    Attributes:
        copy: The damaged file as it was.
        models: How many records were saved.
    """

    copy: Path
    models: int


def save_what_is_left(path: Path, roots: Roots) -> Saved:
    """Keep a copy of a damaged catalogue, and put what can be read of it in its place.

    Cut off at any moment, it leaves the copy, and either the damaged file or the new one.

    Args:
        path: The file; nobody may have it open.
        roots: The registered roots.

    Raises:
        StorageError: the disk refused.
    """
    copy = _keep(path)
    with translated(shown(path)):
        models = read_models(_contents(copy), roots)
        paths.remove_file(copy.with_name(copy.name + "-shm"))
        draft = path.with_name(f".{path.name}.{os.getpid()}.new")
        for suffix in ("", *_BESIDE):
            paths.remove_file(draft.with_name(draft.name + suffix))
        kept = _write(draft, models, roots)
    paths.fsync(draft)
    # A log that stays would be taken for one of the new file.
    for suffix in _BESIDE:
        paths.remove_file(path.with_name(path.name + suffix))
    paths.replace_file(draft, path)
    _log.warning("%d record(s) were saved; the damaged file is kept as %s", kept, shown(copy))
    return Saved(copy, kept)


def drop_orphans(path: Path) -> int:
    """Remove the rows that belong to no row; return how many there were.

    Raises:
        DatabaseError: the catalogue cannot be written.
    """
    with closing(SqliteDatabase(path)) as database, translated(database.name):
        connection = database.conn
        with _transaction(connection):
            found = [tuple(row) for row in connection.execute("PRAGMA foreign_key_check")]
            for table, rowid, *_ in found:
                connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))  # noqa: S608 - SQLite names the table
    return len(found)


def rebuild_search(path: Path) -> None:
    """Make the index of text search anew from the records.

    Raises:
        DatabaseError: the catalogue cannot be written.
    """
    with closing(SqliteDatabase(path)) as database, translated(database.name):
        database.conn.execute(text_index.REBUILD)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _keep(path: Path) -> Path:
    """Copy a file, and the log that belongs to it, beside itself."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = unique_name(f"{path.name}.corrupt-{stamp}", lambda name: path.with_name(name).exists())
    copy = path.with_name(name)
    log = path.with_name(path.name + "-wal")
    if log.exists():
        paths.copy_file(log, copy.with_name(copy.name + "-wal"))
    paths.copy_file(path, copy)
    paths.fsync(path.parent)
    return copy


def _contents(copy: Path) -> bytes:
    """Return all pages of a file, those in its log included where SQLite can still tell."""
    with suppress(sqlite3.Error), closing(copy_for_looking(copy)) as connection:
        return connection.serialize()
    return copy.read_bytes()


def _write(draft: Path, models: Sequence[SavedModel], roots: Roots) -> int:
    """Make a new catalogue of what was read; return how many records it has."""
    with ModelRecordServiceSQL.from_db_file(draft) as store:
        store.roots = roots
        connection = store.db.conn
        connection.execute("PRAGMA synchronous = OFF")  # the whole file is synced at the end
        for batch in _batches(models):
            try:
                store.add_models(model.record for model in batch)
            except ModelKeepError:
                for model in batch:  # one of them does not fit: the others are saved
                    with suppress(ModelKeepError):
                        store.add_models([model.record])
        for model in models:
            with suppress(ModelKeepError):
                if model.metadata is not None:
                    store.metadata_store.add_metadata(model.record.key, model.metadata)
                if model.tags:
                    store.metadata_store.set_tags(model.record.key, model.tags)
        with _transaction(connection):
            times = [(model.created_at, model.record.key) for model in models if model.created_at]
            connection.executemany("UPDATE mk_model SET created_at = ? WHERE key = ?", times)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        return int(connection.execute("SELECT count(*) FROM mk_model").fetchone()[0])


def _batches(models: Iterable[SavedModel]) -> Iterator[list[SavedModel]]:
    rest = iter(models)
    while batch := list(islice(rest, _BATCH)):
        yield batch

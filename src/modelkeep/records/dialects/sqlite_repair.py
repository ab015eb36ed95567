"""The repair of a SQLite catalogue by ``doctor --fix``, by means of SQLite alone."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Table

from modelkeep.core.lookonly import copy_for_looking
from modelkeep.core.names import safe_name, shown, unique_name
from modelkeep.disk import paths
from modelkeep.errors import ModelKeepError
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.dialects.sqlite_health import examine
from modelkeep.records.dialects.sqlite_text import REBUILD
from modelkeep.records.sql import schema
from modelkeep.records.sql.rows import readable_part

_BESIDE = ("-wal", "-shm", "-journal")

_log = logging.getLogger(__name__)


def set_aside(path: Path) -> Path:
    """Keep a copy of a damaged catalogue; return it.

    Where SQLite can still read every row, the file is made anew of them. Otherwise it is removed,
    and the next one to use the catalogue begins a new one. Cut off at any moment, it leaves the
    copy, and either the damaged file or what is to come of it.

    Args:
        path: The file; it must not be open anywhere.
    """
    copy = _keep(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    for suffix in ("", *_BESIDE):
        paths.remove_file(draft.with_name(draft.name + suffix))
    is_whole = _is_made_anew(copy, draft)
    # A log that stays would be taken for one of the new file.
    for suffix in _BESIDE:
        paths.remove_file(path.with_name(path.name + suffix))
    if is_whole:
        paths.fsync(draft)
        paths.replace_file(draft, path)
        _log.warning("%s was rebuilt; the old file is kept as %s", shown(path), shown(copy))
    else:
        paths.remove_file(draft)
        paths.remove_file(path)
        _log.warning(
            "%s can no longer be read and is kept as %s. The catalogue starts empty:"
            " restore a backup, or register the models again with: modelkeep sync",
            shown(path),
            shown(copy),
        )
    return copy


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


def mend_record(path: Path, key: str) -> Path:
    """Take out of a record what cannot be read, or the record where nothing else can be done.

    Returns:
        The file that its text is kept in, as it was.

    Raises:
        DatabaseError: the catalogue cannot be written.
    """
    with closing(SqliteDatabase(path)) as database, translated(database.name):
        connection = database.conn
        with _transaction(connection):
            columns = dict(
                connection.execute(
                    "SELECT name, type, base, format, config FROM mk_model WHERE key = ?", (key,)
                ).fetchone()
            )
            text = columns.pop("config")
            data = text if isinstance(text, bytes) else str(text).encode(errors="surrogatepass")
            kept = _place_for_text(path, key)
            paths.write_file(kept, data)
            if mended := readable_part(data, columns):
                change = "UPDATE mk_model SET config = ? WHERE key = ?"
                connection.execute(change, (mended, key))
            else:
                connection.execute("DELETE FROM mk_model WHERE key = ?", (key,))
    return kept


def _place_for_text(path: Path, key: str) -> Path:
    name = safe_name(f"{path.name}.corrupt-record-{key}.json")
    return path.with_name(unique_name(name, lambda name: path.with_name(name).exists()))


def rebuild_search(path: Path) -> None:
    """Make the index of text search anew from the records.

    Raises:
        DatabaseError: the catalogue cannot be written.
    """
    with closing(SqliteDatabase(path)) as database, translated(database.name):
        database.conn.execute(REBUILD)


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


def _is_made_anew(copy: Path, draft: Path) -> bool:
    """Write all rows of a damaged file to a new one; tell whether that one is sound."""
    try:
        with closing(copy_for_looking(copy)) as old, closing(SqliteDatabase(draft)) as new:
            new.conn.execute("PRAGMA foreign_keys = OFF")
            new.conn.execute("PRAGMA synchronous = OFF")  # the whole file is synced at the end
            with _transaction(new.conn):
                for table in schema.tables.sorted_tables:
                    if table is not schema.schema_version:
                        _copy_rows(old, new.conn, table)
            new.conn.execute("PRAGMA journal_mode = DELETE").fetchall()
        drop_orphans(draft)
        return not examine(draft).damage
    except (sqlite3.Error, ModelKeepError):
        return False


def _copy_rows(old: sqlite3.Connection, new: sqlite3.Connection, table: Table) -> None:
    """Copy the rows of a table, reading no index."""
    # A damaged file may be of an older version, which lacks some.
    there = {row[1] for row in old.execute(f"PRAGMA table_info({table.name})")}
    columns = [column.name for column in table.columns if column.name in there]
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" for _ in columns)
    found = old.execute(f"SELECT {names} FROM {table.name} NOT INDEXED ORDER BY rowid")  # noqa: S608 - ours
    new.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", found)  # noqa: S608 - ours

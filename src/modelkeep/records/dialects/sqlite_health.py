"""``Health``: what is wrong with a catalogue's file, found without changing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.lookonly import open_for_looking
from modelkeep.core.names import shown
from modelkeep.core.roots import Roots
from modelkeep.errors import (
    CorruptDatabaseError,
    NewerDatabaseError,
    UnreadableRecordError,
    WrongDatabaseError,
)
from modelkeep.records.dialects.sqlite_engine import TextCursor
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.dialects.sqlite_files import APPLICATION_ID
from modelkeep.records.dialects.sqlite_text import TABLE
from modelkeep.records.sql import migrations, schema
from modelkeep.records.sql.database import damaged
from modelkeep.records.sql.rows import RECORD_COLUMNS, RecordReader

#: The beginning of every SQLite file.
_MAGIC = b"SQLite format 3\x00"
#: What our tables are called in the text of a file that SQLite cannot read any more.
_MARKS = (b"mk_model", b"mk_schema", b"mk_file")
_MARKED_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong with a catalogue's file.

    Attributes:
        damage: What SQLite finds damaged.
        unreadable: Records that cannot be read: (key, reason).
        orphans: Rows that belong to no row: (table, rowid, table they should belong to).
        search: Why text search does not find what it should; empty when it does.
        is_old: It was written by an older modelkeep, and is brought up when it is next used.
    """

    damage: tuple[str, ...] = ()
    orphans: tuple[tuple[str, int, str], ...] = ()
    search: str = ""
    is_old: bool = False
    unreadable: tuple[tuple[str, str], ...] = ()


def examine(path: Path) -> Health:
    """Read a whole SQLite catalogue and say what is wrong with it.

    Raises:
        WrongDatabaseError: it is not a catalogue of ours.
        NewerDatabaseError: it was written by a newer modelkeep.
        DatabaseLockedError: another process keeps it from being read.
        NotWritableError: it cannot be opened.
    """
    try:
        return _examine(path)
    except NewerDatabaseError:
        raise
    except CorruptDatabaseError as error:
        if not was_ours(path):
            raise WrongDatabaseError(
                f"{shown(path)} is not a modelkeep catalogue: it is not an SQLite database",
                hint="Choose another file or move this one away. It was not changed.",
            ) from error
        return Health(damage=(str(error),))


def was_ours(path: Path) -> bool:
    """Tell whether a file that SQLite cannot read bears our mark, or names of our tables."""
    with path.open("rb") as file:
        start = file.read(_MARKED_BYTES)
    if start.startswith(_MAGIC) and start[68:72] == APPLICATION_ID.to_bytes(4, "big"):
        return True
    return any(mark in start for mark in _MARKS)


def _examine(path: Path) -> Health:
    name = shown(path)
    if not path.stat().st_size:
        return Health()  # an empty file becomes a catalogue when it is first used
    with translated(name), closing(open_for_looking(path)) as connection:
        if not connection.execute("PRAGMA schema_version").fetchone()[0]:
            return Health()
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > migrations.newest():
            raise schema.newer(name, version)
        damage = _damage(connection)
        tables = {str(n) for (n,) in connection.execute("SELECT name FROM sqlite_master")}
        if "mk_model" not in tables and damage:
            raise damaged(name, "; ".join(damage))
        if "mk_model" not in tables:
            raise WrongDatabaseError(
                f"{name} is not a modelkeep catalogue", hint="Name another file."
            )
        if damage:
            return Health(damage=tuple(damage))
        orphans = [
            (str(table), int(rowid), str(parent))
            for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check")
            if rowid is not None
        ]
        is_old = 0 < version < migrations.newest()
        if is_old:
            return Health((), tuple(orphans), is_old=True)
        unreadable = tuple(_unreadable(connection, name))
        return Health((), tuple(orphans), _search_faults(connection), unreadable=unreadable)


def _damage(connection: sqlite3.Connection) -> list[str]:
    """Say what is damaged, leaving out what newer versions of SQLite say of the search index."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    if found == ["ok"]:
        return []
    of_search = {str(row[0]) for row in connection.execute(f"PRAGMA integrity_check('{TABLE}')")}
    return [line for line in found if line not in of_search]


def _unreadable(connection: sqlite3.Connection, name: str) -> Iterator[tuple[str, str]]:
    reader, columns = RecordReader(name), ", ".join(f'"{c.name}"' for c in RECORD_COLUMNS)
    for row in connection.cursor(TextCursor).execute(f"SELECT {columns} FROM mk_model"):  # noqa: S608 - ours
        try:
            reader.read(row, Roots({}))
        except UnreadableRecordError as error:
            yield str(row[0]), str(error)


def _search_faults(connection: sqlite3.Connection) -> str:
    """Compare the search index with the rows, in a copy: the comparison is a write to SQLite."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy)
        try:
            copy.execute(f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES ('integrity-check', 1)")  # noqa: S608 - the name is ours
        except sqlite3.DatabaseError as error:
            return str(error)
    return ""

"""``Health``: what is wrong with a catalogue's file, found without changing it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.lookonly import open_for_looking
from modelkeep.core.names import shown
from modelkeep.errors import CorruptDatabaseError, NewerDatabaseError, WrongDatabaseError
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.dialects.sqlite_files import APPLICATION_ID
from modelkeep.records.dialects.sqlite_text import TABLE
from modelkeep.records.sql import migrations, schema
from modelkeep.records.sql.database import damaged

#: The beginning of every SQLite file.
_MAGIC = b"SQLite format 3\x00"
#: What our tables are called in the text of a file that SQLite cannot read any more.
_MARKS = (b"mk_model", b"mk_schema", b"mk_file")
_MARKED_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong with a catalogue's file.

    Attributes:
        damage: What SQLite finds damaged, and records that cannot be read.
        orphans: Rows that belong to no row: (table, rowid, table they should belong to).
        search: Why text search does not find what it should; empty when it does.
        is_old: It was written by an older modelkeep, and is brought up when it is next used.
    """

    damage: tuple[str, ...] = ()
    orphans: tuple[tuple[str, int, str], ...] = ()
    search: str = ""
    is_old: bool = False


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
        damage += _unreadable(connection)
        if damage:
            return Health(damage=tuple(damage))
        orphans = [
            (str(table), int(rowid), str(parent))
            for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check")
            if rowid is not None
        ]
        is_old = 0 < version < migrations.newest()
        search = "" if is_old else _search_faults(connection)
        return Health((), tuple(orphans), search, is_old)


def _damage(connection: sqlite3.Connection) -> list[str]:
    """Say what is damaged, leaving out what newer versions of SQLite say of the search index."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    if found == ["ok"]:
        return []
    of_search = {str(row[0]) for row in connection.execute(f"PRAGMA integrity_check('{TABLE}')")}
    return [line for line in found if line not in of_search]


def _unreadable(connection: sqlite3.Connection) -> list[str]:
    found = []
    for key, text in connection.execute("SELECT key, config FROM mk_model"):
        try:
            is_record = isinstance(json.loads(text), dict)
        except (ValueError, TypeError):
            is_record = False
        if not is_record:
            found.append(f"the record {key!r:.60} cannot be read")
    return found


def _search_faults(connection: sqlite3.Connection) -> str:
    """Compare the search index with the rows, in a copy: the comparison is a write to SQLite."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy)
        try:
            copy.execute(f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES ('integrity-check', 1)")  # noqa: S608 - the name is ours
        except sqlite3.DatabaseError as error:
            return str(error)
    return ""

"""Checks of a file before it is opened as a catalogue; nothing in it or beside it changes.

The file is never opened but by SQLite: closing it otherwise would drop the locks that another
connection of this process holds on it (``fcntl(2)``), and with them what keeps other processes
from throwing away its log.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelkeep.core.names import counted
from modelkeep.errors import NotWritableError, WrongDatabaseError
from modelkeep.records.dialects import sqlite_tables
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.sql import migrations, schema

#: "mkdb", in the header of every file that is ours alone.
APPLICATION_ID = 0x6D6B6462
#: How long to wait for another process that keeps the file from being read, seconds.
BUSY_TIMEOUT = 30.0

#: Bytes of the smallest SQLite database: one page of the smallest size.
_SMALLEST = 512


def is_ours_alone(path: Path, name: str) -> bool:
    """Tell whether a file is a catalogue and nothing else, or may become one.

    Args:
        path: The file; it need not exist.
        name: The database, for messages.

    Raises:
        WrongDatabaseError: it is not a catalogue of ours.
        NewerDatabaseError: it was written by a newer modelkeep.
        CorruptDatabaseError: it is damaged.
        NotWritableError: it cannot be read.
    """
    if not _size_of(path, name):
        return True
    application, version = _header(path, name)
    if application == APPLICATION_ID:
        if version > migrations.newest():
            raise schema.newer(name, version)
        return True
    # Another program's file: ours only where our tables were put beside its own.
    with open_unchanged(path, name) as connection:
        if not sqlite_tables.check(connection, name):
            refuse_other_tables(connection, name)
    return False


def stored_version(path: Path, name: str) -> int:
    """Return the version of our tables in a file, newer ones too; 0 when there are none.

    Args:
        path: The file; it need not exist.
        name: The database, for messages.

    Raises:
        WrongDatabaseError: it is not a catalogue of ours.
        CorruptDatabaseError: it is damaged.
        NotWritableError: it cannot be read.
    """
    if not _size_of(path, name):
        return 0
    _header(path, name)
    with open_unchanged(path, name) as connection:
        version = sqlite_tables.version_in(connection, name)
        if not version:
            refuse_other_tables(connection, name)
        return version


def refuse_other_tables(connection: sqlite3.Connection, name: str) -> None:
    """Raise when a database without our tables has others.

    Raises:
        WrongDatabaseError: it has.
    """
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise _no_catalogue(name, "it has tables of another program")


@contextmanager
def open_unchanged(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    """Open a file to read what is committed in it, leaving no traces.

    Args:
        path: The file; it exists.
        name: The database, for messages.

    Raises:
        DatabaseError: it cannot be read.
    """
    # A connection that may write would leave traces. An immutable one leaves none but does not
    # see a log that is not yet in the file; while such a log is in use, reading through it leaves
    # none either.
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    is_logged = index.exists() and log.exists() and log.stat().st_size
    with _opened(path, name, "mode=ro" if is_logged else "immutable=1") as connection:
        yield connection


@contextmanager
def _opened(path: Path, name: str, way: str) -> Iterator[sqlite3.Connection]:
    with translated(name, path):
        connection = sqlite3.connect(f"{path.as_uri()}?{way}", uri=True, timeout=BUSY_TIMEOUT)
        try:
            yield connection
        finally:
            connection.close()


def _header(path: Path, name: str) -> tuple[int, int]:
    """Return the two numbers in the header that are for programs: their id and their version."""
    with _opened(path, name, "immutable=1") as connection:
        try:
            application, version = (
                int(connection.execute(f"PRAGMA {number}").fetchone()[0])
                for number in ("application_id", "user_version")
            )
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise _no_catalogue(name, "it is not an SQLite database") from error
    return application, version


def _size_of(path: Path, name: str) -> int:
    try:
        there = path.stat()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise _closed(name, error.strerror or str(error)) from error
    if not stat.S_ISREG(there.st_mode):
        raise _no_catalogue(name, "it is not a regular file")
    if not os.access(path, os.R_OK):
        raise _closed(name, "permission denied")
    if 0 < there.st_size < _SMALLEST:  # SQLite would take a byte or two for nothing at all
        raise _no_catalogue(name, f"it has only {counted(there.st_size, 'byte')}")
    return there.st_size


def _closed(name: str, reason: str) -> NotWritableError:
    return NotWritableError(
        f"The catalogue {name} cannot be opened: {reason}",
        hint="Check the owner of the file and its folders.",
    )


def _no_catalogue(name: str, reason: str) -> WrongDatabaseError:
    return WrongDatabaseError(
        f"{name} is not a modelkeep catalogue: {reason}",
        hint="Choose another file or move this one away. It was not changed.",
    )

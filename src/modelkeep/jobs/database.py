"""``Database``: the connection to the state file, its transactions and its errors."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from modelkeep.core.lookonly import beside, copy_for_looking
from modelkeep.core.names import shown
from modelkeep.disk.access import why_not_changeable
from modelkeep.disk.paths import follow_group, make_folder, make_shared_file
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    DatabaseLockedError,
    NewerDatabaseError,
    NoSpaceError,
    NotWritableError,
    RecordError,
    StorageError,
    WrongDatabaseError,
)
from modelkeep.jobs.schema import STEPS

_APPLICATION_ID = 0x6D6B7374  # "mkst"
#: How long, and how often, another process that is just making the file is waited for.
_WAL_SECONDS = 10.0
_WAL_PAUSE_SECONDS = 0.02
_BUSY_SECONDS = 30
VERSION = len(STEPS)


class Database:
    """The state file; safe to use from several threads and processes.

    Every change is one synced transaction, so that after a crash the file says at least as much
    as was done.

    Raises:
        DatabaseError: it is not a state file of ours, damaged, newer or locked.
    """

    def __init__(self, path: Path, *, to_look: bool = False) -> None:
        self.path = path
        self._is_copy = to_look
        self._lock = threading.RLock()
        if path.exists() and not path.is_file():
            raise WrongDatabaseError(
                f"{shown(path)} is not a state file of modelkeep: it is not a regular file",
                hint="Move it away. A new one is created when it is next needed.",
            )
        if not to_look:
            make_folder(path.parent)
            make_shared_file(path)
        with self._translated():
            self._connection = copy_for_looking(path) if to_look else _connect(path)
            self._connection.row_factory = sqlite3.Row
            try:
                self._open()
            except BaseException:
                self._connection.close()
                raise
        if not to_look:
            follow_group(beside(path), path)

    @classmethod
    def for_looking(cls, path: Path) -> Self:
        """Open a copy of a state file in memory: nothing is changed on the disk.

        Args:
            path: The file; one that is not there is an empty one.

        Raises:
            DatabaseError: it is not a state file of ours, damaged or newer.
        """
        return cls(path, to_look=True)

    def require_writable(self) -> None:
        """Refuse to note what other processes have to know where they would not see it.

        Raises:
            NotWritableError: this is a copy, made because the file may not be written.
        """
        if self._is_copy:
            raise not_writable(self.path)

    def close(self) -> None:
        """Close the file, after what other threads are asking it; may be called twice."""
        with self._lock:
            self._connection.close()

    def select(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows that a statement finds."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(
        self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE"
    ) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction that is done completely or rolled back.

        A ``DEFERRED`` one that only reads sees everything as it was at one moment.
        """
        with self._lock, self._translated():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _open(self) -> None:
        connection = self._connection
        if self._version() > VERSION:
            raise NewerDatabaseError(
                f"{shown(self.path)} was written by a newer modelkeep",
                hint="Update modelkeep: pip install --upgrade modelkeep",
            )
        self._refuse_foreign()
        self._use_wal()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if self._version() == VERSION:
            return
        with self.transaction():
            version = self._version()
            if version == VERSION:  # another process was first
                return
            for step in STEPS[version:]:
                for statement in step.split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def _use_wal(self) -> None:
        """Have readers not wait for writers; SQLite does not wait for a moment to change that."""
        end = time.monotonic() + _WAL_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(_WAL_PAUSE_SECONDS)
            else:
                return

    def _refuse_foreign(self) -> None:
        # In one transaction: another process may be making its tables at this moment.
        with self.transaction("DEFERRED") as connection:
            holds_tables = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
            if not holds_tables or self._version():
                return
        raise WrongDatabaseError(
            f"{shown(self.path)} is not a modelkeep state file",
            hint="Move it elsewhere. modelkeep creates a new one.",
        )

    def _version(self) -> int:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        return int(version) if application == _APPLICATION_ID else 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def damaged(path: Path, reason: str) -> CorruptDatabaseError:
    """Return the error for a state file that cannot be read, with what is lost by it."""
    return CorruptDatabaseError(
        f"{shown(path)} is damaged: {reason}",
        hint="It holds the jobs and the journal of interrupted changes. Run: modelkeep doctor --fix"
        " - it keeps a copy, creates a new file, and finishes or rolls back what staging and "
        "trash folders still show.",
    )


def not_writable(path: Path, error: str = "it is a copy") -> NotWritableError:
    """Return the error for a state file that this user may not write."""
    reason, hint = why_not_changeable(path)
    return NotWritableError(f"{shown(path)} cannot be written: {reason or error}", hint=hint)


def _translate(error: sqlite3.Error, path: Path) -> RecordError | StorageError:
    """Translate an SQLite error by its primary result code."""
    name = shown(path)
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseLockedError(
                f"{name} is held by another process", hint="Wait until it ends, then try again."
            )
        case sqlite3.SQLITE_FULL:
            return NoSpaceError(f"No space left to write {name}", hint="Free some space.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return not_writable(path, str(error))
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
    return DatabaseError(f"{name}: {error}", hint="Try again. Finished work is kept.")

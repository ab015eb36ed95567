"""``state.db``: the jobs of this machine and the journal of what they are doing to the disk.

A small SQLite file beside the catalogue, whatever store the records are in. Every change is one
synced transaction, so that after a crash it says at least as much as was done.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from modelkeep.core.lookonly import copy_for_looking
from modelkeep.core.names import shown
from modelkeep.disk.paths import make_folder
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    DatabaseLockedError,
    NewerDatabaseError,
    NoSpaceError,
    NotWritableError,
    RecordError,
    StorageError,
    UnknownJobIDException,
    WrongDatabaseError,
)
from modelkeep.jobs.schema import STEPS

_APPLICATION_ID = 0x6D6B7374  # "mkst"
#: How long, and how often, another process that is just making the file is waited for.
_WAL_SECONDS = 10.0
_WAL_PAUSE_SECONDS = 0.02
VERSION = len(STEPS)

JobKind = Literal["install", "download"]


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as the state file has it.

    Attributes:
        id: Number of the job; installs and downloads are counted together.
        source: What was asked for, as text.
        status: Value of an ``InstallStatus``; of a download, of a ``DownloadJobStatus``, where
            ``waiting`` stands for ``enqueued``.
        owner: Which process has it.
        key: Key of the model it made, once that is known.
        details: Everything else, as plain values.
        error_type, error, hint: What went wrong, with the next step.
        bytes, total_bytes: Progress.
        created_at, ended_at: Seconds since the epoch.
        kind: What the job does.
    """

    id: int
    source: str
    status: str
    owner: str
    key: str | None
    details: dict[str, Any]
    error_type: str | None
    error: str | None
    hint: str | None
    bytes: int
    total_bytes: int
    created_at: float
    ended_at: float | None
    kind: JobKind = "install"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change of the disk that was begun and not ended.

    Attributes:
        id: Number of the entry.
        operation: ``install``, ``delete``, ``restore`` or ``purge``.
        key: The record it is about.
        stage: How far it came; the words belong to the operation.
        owner: Which process does it.
        job: The job it is done for, if any.
        plan: What recovery needs to know, as plain values.
    """

    id: int
    operation: str
    key: str
    stage: str
    owner: str
    job: int | None
    plan: dict[str, Any]


class StateDatabase:
    """The state file; safe to use from several threads and processes.

    Raises:
        DatabaseError: it is no state file of ours, damaged, newer or locked.
    """

    def __init__(self, path: Path, *, to_look: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not to_look:
            make_folder(path.parent)
        with self._translated():
            self._connection = copy_for_looking(path) if to_look else _connect(path)
            self._connection.row_factory = sqlite3.Row
            try:
                self._open()
            except BaseException:
                self._connection.close()
                raise

    @classmethod
    def for_looking(cls, path: Path) -> Self:
        """Open a copy of a state file in memory: nothing is changed on the disk.

        Args:
            path: The file; one that is not there is an empty one.

        Raises:
            DatabaseError: it is no state file of ours, damaged or newer.
        """
        return cls(path, to_look=True)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # -- jobs

    def add_job(
        self,
        source: str,
        owner: str,
        details: Mapping[str, Any],
        *,
        kind: JobKind = "install",
        status: str = "waiting",
    ) -> int:
        """Store a new job and return its id."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO job (source, status, owner, details, created_at, kind)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (source, status, owner, json.dumps(details), time.time(), kind),
            )
            return int(cursor.lastrowid or 0)

    def update_job(self, job_id: int, *, whose: str | None = None, **fields: Any) -> None:
        """Set columns of one job, if it is still that of the owner ``whose`` where one is named."""
        columns = ", ".join(f"{name} = ?" for name in fields)
        with self.transaction() as connection:
            connection.execute(
                f"UPDATE job SET {columns}"  # noqa: S608 - names are keywords here
                " WHERE id = ? AND owner = coalesce(?, owner)",
                (*fields.values(), job_id, whose),
            )

    def job(self, job_id: int) -> JobRow:
        """Return one job.

        Raises:
            UnknownJobIDException: there is none with this id.
        """
        rows = self.select("SELECT * FROM job WHERE id = ?", job_id)
        if not rows:
            raise UnknownJobIDException(
                f"There is no job {job_id}", hint="modelkeep jobs lists those that are there."
            )
        return _job_row(rows[0])

    def jobs(self, kind: JobKind | None = None) -> list[JobRow]:
        """Return all jobs, or those of one kind, the oldest first."""
        rows = self.select("SELECT * FROM job WHERE kind = coalesce(?, kind) ORDER BY id", kind)
        return [_job_row(row) for row in rows]

    def open_jobs(self, kind: JobKind, source: str | None = None) -> list[JobRow]:
        """Return the jobs of a kind, and of a source if one is given, that have not ended."""
        rows = self.select(
            "SELECT * FROM job WHERE kind = ? AND ended_at IS NULL AND source = coalesce(?, source)"
            " ORDER BY id",
            kind,
            source,
        )
        return [_job_row(row) for row in rows]

    def forget_jobs(self, job_ids: list[int]) -> int:
        """Remove jobs from the list; return how many were there."""
        marks = ", ".join("?" * len(job_ids))
        with self.transaction() as connection:
            cursor = connection.execute(
                f"DELETE FROM job WHERE id IN ({marks})",  # noqa: S608 - only question marks
                job_ids,
            )
            return cursor.rowcount

    # -- journal

    def begin(
        self,
        operation: str,
        key: str,
        owner: str,
        plan: Mapping[str, Any],
        *,
        stage: str,
        job: int | None = None,
    ) -> int:
        """Write down what is about to be done; return the number of the entry."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO journal (operation, key, stage, owner, job, plan, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (operation, key, stage, owner, job, json.dumps(plan), time.time()),
            )
            return int(cursor.lastrowid or 0)

    def advance(self, entry: int, stage: str, plan: Mapping[str, Any]) -> None:
        """Write down the next stage of an entry, before it is entered."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE journal SET stage = ?, plan = ?, updated_at = ? WHERE id = ?",
                (stage, json.dumps(plan), time.time(), entry),
            )

    def finish(self, entry: int, **job_fields: Any) -> None:
        """Cross out an entry and, in the same transaction, set columns of its job."""
        with self.transaction() as connection:
            row = connection.execute("SELECT job FROM journal WHERE id = ?", (entry,)).fetchone()
            if row is not None and row["job"] is not None and job_fields:
                self.update_job(row["job"], **job_fields)
            connection.execute("DELETE FROM journal WHERE id = ?", (entry,))

    def entries(self) -> list[JournalEntry]:
        """Return what was begun and not ended, the oldest first."""
        return [
            JournalEntry(
                id=row["id"],
                operation=row["operation"],
                key=row["key"],
                stage=row["stage"],
                owner=row["owner"],
                job=row["job"],
                plan=json.loads(row["plan"]),
            )
            for row in self.select("SELECT * FROM journal ORDER BY id")
        ]

    # -- trash folders outside models_dir

    def add_trash_place(self, folder: str) -> None:
        """Remember a trash folder that lies on another disk."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO trash_place VALUES (?)", (folder,))

    def trash_places(self) -> list[str]:
        """Return the trash folders that lie on other disks."""
        return [str(row["folder"]) for row in self.select("SELECT folder FROM trash_place")]

    # -- plumbing

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
            f"{shown(self.path)} is no state file of modelkeep",
            hint="Move it elsewhere; modelkeep makes a new one.",
        )

    def _version(self) -> int:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        return int(version) if application == _APPLICATION_ID else 0

    def select(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows that a statement finds."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(
        self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE"
    ) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction that is done as a whole, or not at all.

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

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _database_error(error, self.path) from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)


def _job_row(row: sqlite3.Row) -> JobRow:
    return JobRow(**{**dict(row), "details": json.loads(row["details"])})


def _database_error(error: sqlite3.Error, path: Path) -> RecordError | StorageError:
    text, name = str(error), shown(path)
    if "locked" in text:
        return DatabaseLockedError(
            f"{name} is held by another process", hint="Wait for it to end, then try again."
        )
    if "full" in text:
        return NoSpaceError(f"No space is left to write {name}", hint="Free some space.")
    if "readonly" in text or "unable to open" in text:
        return NotWritableError(
            f"{name} cannot be written", hint="Check the permissions of the root."
        )
    if isinstance(error, sqlite3.DatabaseError) and (
        "malformed" in text or "not a database" in text
    ):
        return CorruptDatabaseError(
            f"{name} is damaged: {text}",
            hint="Move it away: it only holds jobs, and a new one is made.",
        )
    return DatabaseError(f"{name}: {text}", hint="Try again; modelkeep keeps what was done.")

"""``JobTable``: the jobs of every process on a root."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelkeep.errors import UnknownJobIDException
from modelkeep.jobs.database import Database

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


class JobTable:
    """The table of jobs.

    Args:
        database: The state file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        source: str,
        owner: str,
        details: Mapping[str, Any],
        *,
        kind: JobKind = "install",
        status: str = "waiting",
    ) -> int:
        """Store a new job and return its id."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO job (source, status, owner, details, created_at, kind)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (source, status, owner, json.dumps(details), time.time(), kind),
            )
            return int(cursor.lastrowid or 0)

    def update(self, job_id: int, *, whose: str | None = None, **fields: Any) -> None:
        """Set columns of one job, if it is still that of the owner ``whose`` where one is named."""
        columns = ", ".join(f"{name} = ?" for name in fields)
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE job SET {columns}"  # noqa: S608 - names are keywords here
                " WHERE id = ? AND owner = coalesce(?, owner)",
                (*fields.values(), job_id, whose),
            )

    def get(self, job_id: int) -> JobRow:
        """Return one job.

        Raises:
            UnknownJobIDException: there is none with this id.
        """
        rows = self._database.select("SELECT * FROM job WHERE id = ?", job_id)
        if not rows:
            raise UnknownJobIDException(
                f"There is no job {job_id}", hint="modelkeep jobs lists those that are there."
            )
        return _job_row(rows[0])

    def all(self, kind: JobKind | None = None) -> list[JobRow]:
        """Return all jobs, or those of one kind, the oldest first."""
        rows = self._database.select(
            "SELECT * FROM job WHERE kind = coalesce(?, kind) ORDER BY id", kind
        )
        return [_job_row(row) for row in rows]

    def unended(self, kind: JobKind, source: str | None = None) -> list[JobRow]:
        """Return the jobs of a kind, and of a source if one is given, that have not ended."""
        rows = self._database.select(
            "SELECT * FROM job WHERE kind = ? AND ended_at IS NULL AND source = coalesce(?, source)"
            " ORDER BY id",
            kind,
            source,
        )
        return [_job_row(row) for row in rows]

    def remove(self, job_ids: list[int]) -> int:
        """Remove jobs from the list; return how many were there."""
        marks = ", ".join("?" * len(job_ids))
        with self._database.transaction() as connection:
            cursor = connection.execute(
                f"DELETE FROM job WHERE id IN ({marks})",  # noqa: S608 - only question marks
                job_ids,
            )
            return cursor.rowcount


def _job_row(row: sqlite3.Row) -> JobRow:
    fields = {
        name: value for name, value in dict(row).items() if name not in {"beat_at", "request"}
    }
    return JobRow(**{**fields, "details": json.loads(row["details"])})

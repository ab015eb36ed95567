"""``JobTable``: the jobs of every process on a root, as a table of the state file."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from modelkeep.errors import UnknownJobIDException
from modelkeep.jobs.database import Database
from modelkeep.jobs.rows import JobChange, JobRow, NewJob
from modelkeep.jobs.states import JobState, Request

_SELECT = (
    "SELECT id, kind, source, status, owner, key, details, error_type, error, hint, bytes,"
    " total_bytes, created_at, beat_at, ended_at, request, speed FROM job"
)


class JobTable:
    """The table of jobs, whoever has them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, job: NewJob, owner: str) -> int:
        """Store a job of an owner in one synced transaction; return its number."""
        now = time.time()
        self._database.require_writable()
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO job (kind, source, details, status, owner, created_at, beat_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job.kind, job.source, job.details, job.status.value, owner, now, now),
            )
            return int(cursor.lastrowid or 0)

    def get(self, number: int) -> JobRow:
        """Return one job.

        Raises:
            UnknownJobIDException: there is none with this number.
        """
        for row in self._select("WHERE id = ?", number):
            return row
        raise UnknownJobIDException(f"No job {number}", hint="List the jobs with: modelkeep jobs")

    def all(self, kind: str | None = None) -> list[JobRow]:
        """Return all jobs, or those of one kind, the oldest first."""
        return self._select("WHERE kind = coalesce(?, kind) ORDER BY id", kind)

    def count_open(self) -> int:
        """Return how many jobs wait or run."""
        [row] = self._database.select(
            "SELECT count(*) AS jobs FROM job WHERE ended_at IS NULL AND status IN (?, ?)",
            JobState.WAITING.value,
            JobState.RUNNING.value,
        )
        return int(row["jobs"])

    def changed_since(self, moment: float) -> list[JobRow]:
        """Return the jobs that are open, or whose owner wrote something since a moment.

        Args:
            moment: Seconds since the epoch.
        """
        return self._select("WHERE ended_at IS NULL OR beat_at >= ? ORDER BY id", moment)

    def unended(self, kind: str, source: str | None = None) -> list[JobRow]:
        """Return the jobs of a kind, and of a source if one is given, that have not ended."""
        where = "WHERE kind = ? AND ended_at IS NULL"
        if source is None:
            return self._select(f"{where} ORDER BY id", kind)
        return self._select(f"{where} AND source = ? ORDER BY id", kind, source)

    def remove(self, numbers: list[int]) -> int:
        """Remove jobs; return how many were there."""
        if numbers:
            self._database.require_writable()
        with self._database.transaction() as connection:
            removed = [
                connection.execute("DELETE FROM job WHERE id = ?", (number,)).rowcount
                for number in numbers
            ]
        return sum(removed)

    def update(self, number: int, change: JobChange, *, whose: str | None = None) -> None:
        """Write how a job goes, if it is still that of the owner ``whose`` where one is named."""
        columns = change.columns()
        names = ", ".join(f"{name} = ?" for name in columns)
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE job SET {names}"  # noqa: S608 - names are fields of the class
                " WHERE id = ? AND owner = coalesce(?, owner)",
                (*columns.values(), number, whose),
            )

    def _select(self, where: str, *values: Any) -> list[JobRow]:
        return [_row(row) for row in self._database.select(f"{_SELECT} {where}", *values)]


def _row(row: sqlite3.Row) -> JobRow:
    request = row["request"]
    return JobRow(
        **{
            **dict(row),
            "status": JobState(row["status"]),
            "request": Request(request) if request else None,
        }
    )

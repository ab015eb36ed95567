"""``StateJobs``: the jobs of the state file, as one process sees them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from modelkeep.errors import UnknownJobIDException
from modelkeep.jobs.owner import Owner
from modelkeep.jobs.rows import JobChange, JobRow, NewJob
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState, Request

#: Owner of a job that whoever comes first may begin.
NOBODY = ""
_SELECT = (
    "SELECT id, kind, source, status, owner, key, details, error_type, error, hint, bytes,"
    " total_bytes, created_at, beat_at, ended_at, request FROM job"
)


class StateJobs:
    """A ``JobStore`` in the state file. A process is known to live by a lock that it holds.

    Args:
        state: The state file.
        owner: This process.
    """

    outlives = True

    def __init__(self, state: StateDatabase, owner: Owner) -> None:
        self.state = state
        self._owner = owner
        self._is_closed = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the state file at ``path`` and become an owner of jobs in it.

        Raises:
            DatabaseError: it is no state file of ours, damaged, newer or locked.
            StorageError: it cannot be written.
        """
        state = StateDatabase(path)
        try:
            return cls(state, Owner(path.parent / "owners"))
        except BaseException:
            state.close()
            raise

    def close(self) -> None:
        """Stop being an owner, and let go of the file."""
        if not self._is_closed:
            self._is_closed = True
            self._owner.release()
            self.state.close()

    def add(self, job: NewJob, *, unowned: bool = False) -> int:
        """Store a job in one synced transaction."""
        now = time.time()
        owner = NOBODY if unowned else self._owner.name
        with self.state.transaction() as connection:
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
        raise UnknownJobIDException(
            f"There is no job {number}", hint="modelkeep jobs lists those that are there."
        )

    def all(self, kind: str | None = None) -> list[JobRow]:
        """Return all jobs, or those of one kind, the oldest first."""
        return self._select("WHERE kind = coalesce(?, kind) ORDER BY id", kind)

    def unended(self, kind: str, source: str | None = None) -> list[JobRow]:
        """Return the jobs of a kind, and of a source if one is given, that have not ended."""
        where = "WHERE kind = ? AND ended_at IS NULL"
        if source is None:
            return self._select(f"{where} ORDER BY id", kind)
        return self._select(f"{where} AND source = ? ORDER BY id", kind, source)

    def is_mine(self, row: JobRow) -> bool:
        """Tell whether a job belongs to this process."""
        return row.owner == self._owner.name

    def is_abandoned(self, row: JobRow) -> bool:
        """Tell whether no living process has a job."""
        return not self._owner.is_alive(row.owner)

    def claim(self, row: JobRow, status: JobState) -> bool:
        """Make a job ours if it is still as in ``row``; what was asked of it is forgotten."""
        with self.state.transaction() as connection:
            cursor = connection.execute(
                "UPDATE job SET owner = ?, status = ?, request = NULL, error_type = NULL,"
                " error = NULL, hint = NULL, ended_at = NULL, beat_at = ?"
                " WHERE id = ? AND owner = ? AND status = ?",
                (self._owner.name, status.value, time.time(), row.id, row.owner, row.status.value),
            )
            return cursor.rowcount == 1

    def beat(self, changes: Mapping[int, JobChange]) -> None:
        """Write how jobs of ours go, in one transaction."""
        if not changes or self._is_closed:
            return
        with self.state.transaction() as connection:
            for number, change in changes.items():
                set_job(connection, number, change, self._owner.name)

    def finish(self, row: JobRow, change: JobChange) -> bool:
        """Change a job that nobody has; tell whether it was still as in ``row``."""
        with self.state.transaction() as connection:
            now = self.get(row.id)
            if (now.owner, now.status) != (row.owner, row.status):
                return False
            set_job(connection, row.id, change, row.owner)
            return True

    def request(self, number: int, wanted: Request) -> None:
        """Ask the process that has a job for something; the last counts, but cancel is final."""
        with self.state.transaction() as connection:
            connection.execute(
                "UPDATE job SET request = ? WHERE id = ? AND coalesce(request, '') != 'cancel'",
                (wanted.value, number),
            )

    def requests(self) -> dict[int, Request]:
        """Return what is asked of our jobs that have not ended."""
        rows = self.state.select(
            "SELECT id, request FROM job"
            " WHERE owner = ? AND ended_at IS NULL AND request IS NOT NULL",
            self._owner.name,
        )
        return {int(row["id"]): Request(row["request"]) for row in rows}

    def fulfil(self, number: int, wanted: Request) -> None:
        """Cross out a request that was met, unless another one came meanwhile."""
        with self.state.transaction() as connection:
            connection.execute(
                "UPDATE job SET request = NULL WHERE id = ? AND request = ?",
                (number, wanted.value),
            )

    def release(self) -> None:
        """Let whoever comes next have those of our jobs that have not ended."""
        if self._is_closed:
            return
        with self.state.transaction() as connection:
            connection.execute(
                "UPDATE job SET owner = ? WHERE owner = ? AND ended_at IS NULL",
                (NOBODY, self._owner.name),
            )

    def remove(self, numbers: list[int]) -> int:
        """Remove jobs; return how many were there."""
        with self.state.transaction() as connection:
            removed = [
                connection.execute("DELETE FROM job WHERE id = ?", (number,)).rowcount
                for number in numbers
            ]
        return sum(removed)

    def _select(self, where: str, *values: Any) -> list[JobRow]:
        return [_row(row) for row in self.state.select(f"{_SELECT} {where}", *values)]


def set_job(
    connection: sqlite3.Connection, number: int, change: JobChange, owner: str | None = None
) -> None:
    """Write how a job goes, inside a transaction.

    Args:
        connection: To the state file.
        number: Of the job.
        change: How it goes.
        owner: Leave the job alone if another has it by now.
    """
    fields = asdict(change)
    if change.details is None:
        del fields["details"]
    columns = ", ".join(f"{name} = ?" for name in fields)
    connection.execute(
        f"UPDATE job SET {columns}, beat_at = ?"  # noqa: S608 - names are fields of the class
        " WHERE id = ? AND owner = coalesce(?, owner)",
        (*fields.values(), time.time(), number, owner),
    )


def _row(row: sqlite3.Row) -> JobRow:
    request = row["request"]
    return JobRow(
        **{
            **dict(row),
            "status": JobState(row["status"]),
            "request": Request(request) if request else None,
        }
    )

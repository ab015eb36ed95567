"""``StateJobs``: the jobs of the state file, as one process sees them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from modelkeep.disk.access import is_changeable
from modelkeep.jobs.job_table import JobTable
from modelkeep.jobs.owner import Onlooker, Owner
from modelkeep.jobs.rows import JobChange, JobRow, NewJob
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState, Request

#: Owner of a job that any process may claim.
NOBODY = ""


class StateJobs(JobTable):
    """A ``JobStore`` in the state file. A process is known to live by a lock that it holds."""

    outlives = True

    def __init__(self, state: StateDatabase, owner: Owner | Onlooker) -> None:
        super().__init__(state)
        self.state = state
        self._owner = owner
        self._is_closed = False

    @property
    def owner(self) -> str:
        """Name of this process."""
        return self._owner.name

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the state file at ``path`` and become an owner of jobs in it.

        Raises:
            DatabaseError: it is not a state file of ours, damaged, newer or locked.
            StorageError: it cannot be written.
        """
        state = StateDatabase(path)
        try:
            return cls(state, Owner(path.parent / "owners"))
        except BaseException:
            state.close()
            raise

    @classmethod
    def open_or_look(cls, path: Path) -> Self:
        """Do as ``open``; where this user may not write the file, look at a copy of it.

        Raises:
            DatabaseError: it is not a state file of ours, damaged, newer or locked.
            StorageError: it cannot be written, or not even read.
        """
        if is_changeable(path) or not path.exists():
            return cls.open(path)
        return cls(StateDatabase.for_looking(path), Onlooker(path.parent / "owners"))

    @property
    def is_looking(self) -> bool:
        """Jobs can be seen; none can be added or controlled."""
        return isinstance(self._owner, Onlooker)

    def close(self) -> None:
        """Stop being an owner, and let go of the file."""
        if not self._is_closed:
            self._is_closed = True
            self._owner.release()
            self.state.close()

    def add(self, job: NewJob, *, unowned: bool = False) -> int:
        """Store a job, which is ours unless ``unowned``; return its number."""
        return self.insert(job, NOBODY if unowned else self._owner.name)

    def is_mine(self, row: JobRow) -> bool:
        """Tell whether a job belongs to this process."""
        return row.owner == self._owner.name

    def is_abandoned(self, row: JobRow) -> bool:
        """Tell whether no living process has a job."""
        return not self.is_alive(row.owner)

    def is_alive(self, owner: str) -> bool:
        """Tell whether the process of that name lives."""
        return self._owner.is_alive(owner)

    def claim(self, row: JobRow, status: JobState) -> bool:
        """Make a job ours if it is still as in ``row``; what was asked of it is forgotten."""
        self.state.require_writable()
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
        with self.state.transaction():
            for number, change in changes.items():
                self.update(number, change, whose=self._owner.name)

    def finish(self, row: JobRow, change: JobChange) -> bool:
        """Change a job without an owner; tell whether it was still as in ``row``."""
        with self.state.transaction():
            now = self.get(row.id)
            if (now.owner, now.status) != (row.owner, row.status):
                return False
            self.update(row.id, change)
            return True

    def request(self, number: int, wanted: Request) -> None:
        """Ask the process that has a job for something; the last counts, but cancel is final."""
        self.state.require_writable()
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
        """Release our unfinished jobs for other processes."""
        if self._is_closed:
            return
        with self.state.transaction() as connection:
            connection.execute(
                "UPDATE job SET owner = ? WHERE owner = ? AND ended_at IS NULL",
                (NOBODY, self._owner.name),
            )

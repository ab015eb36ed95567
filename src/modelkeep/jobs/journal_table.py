"""``JournalTable``: what is being done to the disk, for whoever finds it unfinished."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelkeep.jobs.database import Database
from modelkeep.jobs.job_table import JobTable


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


class JournalTable:
    """The table of changes of the disk that were begun and not ended.

    Args:
        database: The state file.
        jobs: Its jobs: the end of a change and that of its job are stored together.
    """

    def __init__(self, database: Database, jobs: JobTable) -> None:
        self._database = database
        self._jobs = jobs

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
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO journal (operation, key, stage, owner, job, plan, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (operation, key, stage, owner, job, json.dumps(plan), time.time()),
            )
            return int(cursor.lastrowid or 0)

    def advance(self, entry: int, stage: str, plan: Mapping[str, Any]) -> None:
        """Write down the next stage of an entry, before it is entered."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE journal SET stage = ?, plan = ?, updated_at = ? WHERE id = ?",
                (stage, json.dumps(plan), time.time(), entry),
            )

    def finish(self, entry: int, **job_fields: Any) -> None:
        """Cross out an entry and, in the same transaction, set columns of its job."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT job FROM journal WHERE id = ?", (entry,)).fetchone()
            if row is not None and row["job"] is not None and job_fields:
                self._jobs.update(row["job"], **job_fields)
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
            for row in self._database.select("SELECT * FROM journal ORDER BY id")
        ]

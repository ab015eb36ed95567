"""``JournalTable``: the journal of changes of the disk, as a table of the state file."""

from __future__ import annotations

import time

from modelkeep.disk.journal import JournalEntry, Note
from modelkeep.disk.notes import decode, encode
from modelkeep.jobs.database import Database, damaged
from modelkeep.jobs.job_table import JobTable
from modelkeep.jobs.rows import JobChange


class JournalTable:
    """The table of changes of the disk that were begun and not ended.

    Args:
        jobs: Its jobs: the end of a change and that of its job are stored together.
    """

    def __init__(self, database: Database, jobs: JobTable) -> None:
        self._database = database
        self._jobs = jobs

    def begin(self, note: Note, owner: str, job: int | None = None) -> int:
        """Store the note of a change that is about to begin; return the number of the entry."""
        self._database.require_writable()
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO journal (note, owner, job, updated_at) VALUES (?, ?, ?, ?)",
                (encode(note), owner, job, time.time()),
            )
            return int(cursor.lastrowid or 0)

    def advance(self, entry: int, note: Note) -> None:
        """Store what is known of a change by now, before its next step."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE journal SET note = ?, updated_at = ? WHERE id = ?",
                (encode(note), time.time(), entry),
            )

    def finish(self, entry: int, job_end: JobChange | None = None) -> None:
        """Remove an entry and, in the same transaction, store how its job ends.

        A job that another process has taken over since is left alone.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT owner, job FROM journal WHERE id = ?", (entry,)
            ).fetchone()
            if row is not None and row["job"] is not None and job_end is not None:
                self._jobs.update(row["job"], job_end, whose=row["owner"])
            connection.execute("DELETE FROM journal WHERE id = ?", (entry,))

    def entries(self) -> list[JournalEntry]:
        """Return the changes that have not ended, the oldest first.

        Raises:
            CorruptDatabaseError: one of them cannot be read.
        """
        rows = self._database.select("SELECT id, note, owner, job FROM journal ORDER BY id")
        try:
            return [
                JournalEntry(int(row["id"]), decode(row["note"]), row["owner"], row["job"])
                for row in rows
            ]
        except ValueError as error:
            raise damaged(self._database.path, str(error)) from error

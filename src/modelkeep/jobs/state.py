"""``state.db``: the jobs of this machine and the journal of what they are doing to the disk.

A small SQLite file beside the catalogue, whatever store the records are in.
"""

from __future__ import annotations

from pathlib import Path

from modelkeep.jobs.database import Database
from modelkeep.jobs.job_table import JobTable
from modelkeep.jobs.journal_table import JournalTable


class StateDatabase(Database):
    """The state file with its tables.

    Attributes:
        jobs: The jobs of every process.
    """

    def __init__(self, path: Path, *, to_look: bool = False) -> None:
        super().__init__(path, to_look=to_look)
        self.jobs = JobTable(self)
        self.journal = JournalTable(self, self.jobs)

    def add_trash_place(self, folder: str) -> None:
        """Remember a trash folder that lies on another disk."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO trash_place VALUES (?)", (folder,))

    def trash_places(self) -> list[str]:
        """Return the trash folders that lie on other disks."""
        return [str(row["folder"]) for row in self.select("SELECT folder FROM trash_place")]

"""``JobChanges``: which stored jobs have changed, asked often and cheaply."""

from __future__ import annotations

import time
from pathlib import Path

from modelkeep.jobs.rows import JobRow
from modelkeep.jobs.state import StateDatabase

#: Clocks of processes on one machine agree; a write may take a moment to be seen.
_OVERLAP_SECONDS = 5.0


class JobChanges:
    """Reads the state file over a connection of its own.

    Args:
        path: The state file.
        since: What changed from then on is of interest, seconds since the epoch.
    """

    def __init__(self, path: Path, since: float) -> None:
        self._state = StateDatabase(path)
        self._version = -1
        self._asked_at = since

    def poll(self) -> list[JobRow]:
        """Return the jobs that are open or have changed lately; nothing where none can have."""
        version = int(self._state.select("PRAGMA data_version")[0][0])
        if version == self._version:
            return []
        self._version = version
        since, self._asked_at = self._asked_at - _OVERLAP_SECONDS, time.time()
        return self._state.jobs.changed_since(since)

    def again(self) -> None:
        """Have the next poll return everything, whether or not something has changed."""
        self._version = -1

    def close(self) -> None:
        """Let go of the file."""
        self._state.close()

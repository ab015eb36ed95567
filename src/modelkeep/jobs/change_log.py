"""``ChangeLog``: who changed what over HTTP, when and with which result."""

from __future__ import annotations

import time
from dataclasses import dataclass

from modelkeep.core.limits import LOGGED_CHANGES
from modelkeep.jobs.state import StateDatabase

_TABLE = (
    "CREATE TABLE IF NOT EXISTS change_log ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, who TEXT NOT NULL,"
    " client TEXT NOT NULL, action TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,"
    " status INTEGER NOT NULL, request TEXT NOT NULL)"
)
#: Characters of a path that are kept.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A request that changed something, or was to.

    Attributes:
        who: Name of the token.
        client: Address of who asked.
        action: Name of the operation; empty where none was found.
        method: Of HTTP.
        path: Of the request, without its query.
        status: Of the answer.
        request: Names the request.
    """

    who: str
    client: str
    action: str
    method: str
    path: str
    status: int
    request: str


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """A change that is in the log.

    Attributes:
        id: Its number; later ones have higher numbers.
        at: When it was answered, in seconds since the epoch.
        change: What it was.
    """

    id: int
    at: float
    change: WrittenChange


class ChangeLog:
    """The table of changes in the state file; the newest are kept.

    Args:
        state: Has the table.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def add(self, change: WrittenChange) -> None:
        """Note a change.

        Raises:
            DatabaseError: the state file cannot be written.
            StorageError: the same, for reasons of the disk.
        """
        values = (
            time.time(),
            change.who,
            change.client,
            change.action,
            change.method,
            change.path[:_LONGEST].encode("utf-8", "replace").decode(),
            change.status,
            change.request,
        )
        with self._state.transaction() as connection:
            connection.execute(_TABLE)
            added = connection.execute(
                "INSERT INTO change_log (at, who, client, action, method, path, status, request)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            oldest = (added.lastrowid or 0) - LOGGED_CHANGES
            connection.execute("DELETE FROM change_log WHERE id <= ?", (oldest,))

    def newest(self, limit: int, before: int | None = None) -> list[LoggedChange]:
        """Return changes, the newest first.

        Args:
            limit: How many at most.
            before: Only those with lower numbers.
        """
        if not self._state.select("SELECT 1 FROM sqlite_master WHERE name = 'change_log'"):
            return []
        rows = self._state.select(
            "SELECT id, at, who, client, action, method, path, status, request FROM change_log"
            " WHERE id < ? ORDER BY id DESC LIMIT ?",
            2**63 - 1 if before is None else before,
            limit,
        )
        return [LoggedChange(row[0], row[1], WrittenChange(*row[2:])) for row in map(tuple, rows)]

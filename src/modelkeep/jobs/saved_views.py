"""``SavedViews``: lists of models that somebody wants to see again, as query strings by name."""

from __future__ import annotations

import time
from dataclasses import dataclass

from modelkeep.jobs.state import StateDatabase

_TABLE = (
    "CREATE TABLE IF NOT EXISTS saved_view ("
    " name TEXT PRIMARY KEY, query TEXT NOT NULL, saved_at REAL NOT NULL) WITHOUT ROWID"
)


@dataclass(frozen=True, slots=True)
class SavedView:
    """One list.

    Attributes:
        name: What it is called.
        query: Which models it has, as the query string of an address.
        saved_at: Seconds since the epoch.
    """

    name: str
    query: str
    saved_at: float

    def to_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {"name": self.name, "query": self.query, "saved_at": self.saved_at}


class SavedViews:
    """The views in the state file.

    Raises:
        StorageError: of every change, where the file may not be written.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def all(self) -> list[SavedView]:
        """Return all views, sorted by name."""
        if not self._is_there():
            return []
        rows = self._state.select("SELECT name, query, saved_at FROM saved_view ORDER BY name")
        return [SavedView(row["name"], row["query"], row["saved_at"]) for row in rows]

    def put(self, name: str, query: str) -> SavedView:
        """Save a view; one of this name is replaced."""
        view = SavedView(name, query, time.time())
        self._state.require_writable()
        with self._state.transaction() as connection:
            connection.execute(_TABLE)
            connection.execute(
                "INSERT OR REPLACE INTO saved_view VALUES (?, ?, ?)", (name, query, view.saved_at)
            )
        return view

    def remove(self, name: str) -> bool:
        """Forget a view; tell whether there was one."""
        if not self._is_there():
            return False
        self._state.require_writable()
        with self._state.transaction() as connection:
            found = connection.execute("DELETE FROM saved_view WHERE name = ?", (name,))
            return found.rowcount > 0

    def _is_there(self) -> bool:
        statement = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'saved_view'"
        return bool(self._state.select(statement))

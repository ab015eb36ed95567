"""``VerifyRun``: the progress of verifying all models, to continue after an interruption."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self

from modelkeep.jobs.state import StateDatabase

_TABLES = """
CREATE TABLE IF NOT EXISTS verify_run (what TEXT PRIMARY KEY, began_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS verify_done (
    what TEXT NOT NULL REFERENCES verify_run(what) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (what, key)
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class VerifyRun:
    """One run over all models, stored until it completes.

    Attributes:
        what: Which models were asked for; runs for other ones are runs of their own.
        began_at: Seconds since the epoch.
        done: Keys of models that were found in order.
    """

    state: StateDatabase
    what: str
    began_at: float
    done: frozenset[str]

    @classmethod
    def begin(cls, state: StateDatabase, what: str, *, afresh: bool = False) -> Self:
        """Begin a run, or continue an interrupted one."""
        with state.transaction() as connection:
            for table in _TABLES.split(";"):
                connection.execute(table)
            if afresh:
                _forget(state, what)
            connection.execute(
                "INSERT OR IGNORE INTO verify_run VALUES (?, ?)", (what, time.time())
            )
            [(began_at,)] = state.select("SELECT began_at FROM verify_run WHERE what = ?", what)
            done = state.select("SELECT key FROM verify_done WHERE what = ?", what)
        return cls(state, what, began_at, frozenset(str(row["key"]) for row in done))

    def note(self, key: str) -> None:
        """Write down that a model was found in order."""
        with self.state.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO verify_done VALUES (?, ?)", (self.what, key))

    def finish(self) -> None:
        """Forget the run: it came to its end."""
        with self.state.transaction():
            _forget(self.state, self.what)


def _forget(state: StateDatabase, what: str) -> None:
    with state.transaction() as connection:
        connection.execute("DELETE FROM verify_done WHERE what = ?", (what,))
        connection.execute("DELETE FROM verify_run WHERE what = ?", (what,))

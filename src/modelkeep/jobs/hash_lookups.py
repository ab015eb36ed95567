"""``HashLookups``: sites that were asked by hash, their answers, and later edits by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelkeep.jobs.state import StateDatabase

_TABLES = """
CREATE TABLE IF NOT EXISTS hash_consent (site TEXT PRIMARY KEY, given_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS hash_absent (
    site TEXT NOT NULL, sha256 TEXT NOT NULL, asked_at REAL NOT NULL, PRIMARY KEY (site, sha256)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS site_answer (
    key TEXT PRIMARY KEY, site TEXT NOT NULL, sha256 TEXT NOT NULL, fields TEXT NOT NULL,
    answered_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hand_edit (
    key TEXT NOT NULL, field TEXT NOT NULL, PRIMARY KEY (key, field)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What a site answered about a model when it was last asked.

    Attributes:
        fields: What was written in the record because of it, as plain values.
        at: Seconds since the epoch.
    """

    site: str
    sha256: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0


class HashLookups:
    """The tables of the state file about sites that are asked by hash.

    Losing them costs questions: people are asked again whether a site may be, and sites are asked
    again for what they do not have.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state
        with state.transaction() as connection:
            for table in _TABLES.split(";"):
                connection.execute(table)

    def may_ask(self, site: str) -> bool:
        """Tell whether this site may receive hashes."""
        return bool(self._state.select("SELECT 1 FROM hash_consent WHERE site = ?", site))

    def allow(self, site: str) -> None:
        """Remember that this site may get hashes."""
        with self._state.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO hash_consent VALUES (?, ?)", (site, time.time())
            )

    def absent(self, site: str, since: float) -> dict[str, float]:
        """Return the hashes that a site did not know, with the time when it was asked.

        Args:
            site: Its name.
            since: Only those asked later than this.
        """
        rows = self._state.select(
            "SELECT sha256, asked_at FROM hash_absent WHERE site = ? AND asked_at > ?", site, since
        )
        return {str(row["sha256"]): float(row["asked_at"]) for row in rows}

    def note_absent(self, site: str, hashes: Iterable[str]) -> None:
        """Remember that a site was asked now and does not know these hashes."""
        rows = [(site, each, time.time()) for each in hashes]
        with self._state.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO hash_absent VALUES (?, ?, ?)", rows)

    def answers(self) -> dict[str, SiteAnswer]:
        """Return the last answer about each model, by key."""
        rows = self._state.select("SELECT * FROM site_answer")
        return {
            str(row["key"]): SiteAnswer(
                row["site"], row["sha256"], json.loads(row["fields"]), row["answered_at"]
            )
            for row in rows
        }

    def note_answer(self, key: str, answer: SiteAnswer) -> None:
        """Store the answer of a site about a model, as given now."""
        with self._state.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO site_answer VALUES (?, ?, ?, ?, ?)",
                (key, answer.site, answer.sha256, json.dumps(dict(answer.fields)), time.time()),
            )

    def edited(self, key: str) -> frozenset[str]:
        """Return the fields of a record that the user set or cleared."""
        rows = self._state.select("SELECT field FROM hand_edit WHERE key = ?", key)
        return frozenset(str(row["field"]) for row in rows)

    def note_edit(self, key: str, fields: Iterable[str]) -> None:
        """Store that the user set or cleared fields of a record."""
        rows = [(key, each) for each in fields]
        with self._state.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO hand_edit VALUES (?, ?)", rows)

    def forget_edits(self, key: str, fields: Iterable[str]) -> None:
        """Store that fields of a record are no longer what the user set."""
        rows = [(key, each) for each in fields]
        with self._state.transaction() as connection:
            connection.executemany("DELETE FROM hand_edit WHERE key = ? AND field = ?", rows)

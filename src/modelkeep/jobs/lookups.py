"""``Lookups``: scan results for files, so that unchanged headers are not read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelkeep.jobs.state import StateDatabase

#: Entries read or written in one transaction.
_BATCH = 500
#: In place of rules: an unfinished download, which no rule was asked about.
ON_ITS_WAY = "on its way"


@dataclass(frozen=True, slots=True)
class Lookup:
    """The result for one file or folder.

    Attributes:
        path: Where it is; absolute.
        stamp: What it looked like then: size, mtime and inode, of all its files for a folder.
        verdict: What came of it, as text; what it means is the scan's business.
    """

    path: Path
    stamp: str
    rules: str
    verdict: str


class Lookups:
    """The table of verdicts in the state file. It is a cache: losing it costs time alone."""

    def __init__(self, state: StateDatabase) -> None:
        self._state = state
        self._waiting: list[Lookup] = []

    def get(self, path: Path, stamp: str, rules: str) -> str | None:
        """Return the verdict on a file, if it and the rules are as they were then."""
        rows = self._state.select(
            "SELECT verdict FROM lookup WHERE path = ? AND stamp = ? AND rules = ?",
            os.fsencode(path),
            stamp,
            rules,
        )
        return str(rows[0]["verdict"]) if rows else None

    def each(self) -> Iterator[Lookup]:
        """Give all verdicts, sorted by path, without holding them all."""
        after = b""
        while True:
            rows = self._state.select(
                "SELECT path, stamp, rules, verdict FROM lookup WHERE path > ?"
                " ORDER BY path LIMIT ?",
                after,
                _BATCH,
            )
            if not rows:
                return
            for row in rows:
                path = Path(os.fsdecode(bytes(row["path"])))
                yield Lookup(path, str(row["stamp"]), str(row["rules"]), str(row["verdict"]))
            after = bytes(rows[-1]["path"])

    def put(self, lookup: Lookup) -> None:
        """Remember a verdict; it is written with others, at the latest by ``flush``."""
        self._waiting.append(lookup)
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits to be written."""
        if not self._waiting:
            return
        rows = [(os.fsencode(one.path), one.stamp, one.rules, one.verdict) for one in self._waiting]
        with self._state.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO lookup VALUES (?, ?, ?, ?)", rows)
        self._waiting.clear()

    def drop_vanished(self, folder: Path) -> int:
        """Forget what is gone below a folder; return how much that was.

        Args:
            folder: It has to be there now: an unmounted disk says nothing about its files.
        """
        gone = 0
        for paths in self._batches(os.fsencode(folder).rstrip(b"/") + b"/"):
            vanished = [(path,) for path in paths if not os.path.lexists(path)]
            if vanished:
                with self._state.transaction() as connection:
                    connection.executemany("DELETE FROM lookup WHERE path = ?", vanished)
            gone += len(vanished)
        return gone

    def _batches(self, prefix: bytes) -> Iterator[list[bytes]]:
        """Give the paths that begin with ``prefix``, in order, without holding them all."""
        after, end = prefix, prefix[:-1] + b"0"  # the byte after the slash
        while True:
            rows = self._state.select(
                "SELECT path FROM lookup WHERE path > ? AND path < ? ORDER BY path LIMIT ?",
                after,
                end,
                _BATCH,
            )
            if not rows:
                return
            yield [bytes(row["path"]) for row in rows]
            after = bytes(rows[-1]["path"])

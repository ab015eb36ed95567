"""``Oddities``: what a sync has told once, so that it tells only what is new.

Losing the table costs no more than that everything is told once again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from modelkeep.core.names import path_to_text
from modelkeep.jobs.state import StateDatabase


class Told(StrEnum):
    """Whether something odd was told before.

    ``accepted``: a person said that it may stay as it is.
    """

    NEW = "new"
    KNOWN = "known"
    ACCEPTED = "accepted"


def file_sign(path: Path, kind: str, text: str) -> str:
    """Return the sign of something odd about a file: another one when the file changes."""
    return f"{kind} {_stamp(path)} {text}"


def accepted_files(state: StateDatabase) -> Callable[[Path], bool]:
    """Return a test whether what is odd about a file was accepted, and it is still that file."""
    rows = state.select("SELECT subject, sign FROM oddity WHERE accepted")
    signs = {str(row["subject"]): str(row["sign"]) for row in rows}

    def is_accepted(path: Path) -> bool:
        sign = signs.get(path_to_text(path))
        return sign is not None and f" {_stamp(path)} " in sign

    return is_accepted


def _stamp(path: Path) -> str:
    try:
        there = path.lstat()
    except OSError:
        return ""
    return f"{there.st_size} {there.st_mtime_ns} {there.st_ino}"


class Oddities:
    """What is odd, by what it is about; what is written about it changes when the thing does."""

    def __init__(self, state: StateDatabase) -> None:
        self._state = state
        rows = state.select("SELECT subject, sign, accepted FROM oddity")
        self._before = {str(r["subject"]): (str(r["sign"]), bool(r["accepted"])) for r in rows}
        self._now: dict[str, tuple[str, bool]] = {}

    def note(self, subject: str, sign: str) -> Told:
        """Take in something odd; return whether it was told before.

        Args:
            subject: What it is about, such as a path.
            sign: What differs when the thing is another one, or is odd in another way.
        """
        before, is_accepted = self._before.get(subject, ("", False))
        is_known = before == sign
        self._now[subject] = (sign, is_known and is_accepted)
        if not is_known:
            return Told.NEW
        return Told.ACCEPTED if is_accepted else Told.KNOWN

    def accept(self) -> int:
        """Accept what was noted, so that it is not told again until it changes; count what is new.

        Nothing is stored yet.
        """
        count = sum(not is_accepted for _, is_accepted in self._now.values())
        self._now = {subject: (sign, True) for subject, (sign, _) in self._now.items()}
        return count

    def store(self, is_gone: Callable[[str], bool]) -> None:
        """Store what was noted, in one transaction.

        Args:
            is_gone: Tells whether something that was not noted this time is to be forgotten.
        """
        gone = [(each,) for each in self._before.keys() - self._now.keys() if is_gone(each)]
        new = [
            (subject, *is_now)
            for subject, is_now in self._now.items()
            if self._before.get(subject) != is_now
        ]
        if gone or new:
            with self._state.transaction() as connection:
                connection.executemany("DELETE FROM oddity WHERE subject = ?", gone)
                connection.executemany("INSERT OR REPLACE INTO oddity VALUES (?, ?, ?)", new)

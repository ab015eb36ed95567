"""Locks: databases that another process has locked against writing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.errors import DatabaseLockedError
from modelkeep.records.dialects.sqlite_locks import holders, writers

#: An ordinary change is over after this time, seconds.
_PATIENCE = 2.0
_STEP = 0.1


def _find(library: LibraryState) -> Iterator[Finding]:
    """Nobody has kept a database from being written for long."""
    for path in (library.catalogue, library.settings.state_path):
        if found := _lasting_writers(path):
            yield Finding(
                "database_locked",
                printable(path),
                f"{shown(path)} is held by {' and '.join(found)}",
                "Wait until it finishes, or stop it. Nothing can be written until then.",
            )


def _lasting_writers(path: Path) -> list[str]:
    """Return the processes that keep a database from being written all the time."""
    end = time.monotonic() + _PATIENCE
    found = writers(path)
    while found and time.monotonic() < end:
        time.sleep(_STEP)
        now = writers(path)
        found = [name for name in found if name in now]
    return found


def refuse_open(path: Path) -> None:
    """Refuse to put another file in the place of one that a process has open.

    Raises:
        DatabaseLockedError: one has, perhaps this one.
    """
    if found := holders(path):
        raise DatabaseLockedError(
            f"{shown(path)} is open in {' and '.join(found)}",
            hint="Close that program, then run doctor --fix again.",
        )


CHECK = Check("locks", position=20, find=_find)

"""The state file: jobs and the journal of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.checks.locks import refuse_open
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.errors import (
    CorruptDatabaseError,
    ModelKeepError,
    StorageError,
    hint_of,
)
from modelkeep.jobs.database import damaged
from modelkeep.jobs.state import StateDatabase

#: The file goes last: its log is of no use without it, and harmful to another one.
_PARTS = ("-shm", "-wal", "-journal", "")


def _find(library: LibraryState) -> Iterator[Finding]:
    """It can be read, all of it."""
    path = library.settings.state_path
    if not path.exists():
        return
    try:
        state = StateDatabase.for_looking(path)
    except ModelKeepError as error:
        yield _finding(path, error)
        return
    try:
        found = _damage(state, path)
    finally:
        state.close()
    if found is not None:
        yield _finding(path, found)


def _damage(state: StateDatabase, path: Path) -> ModelKeepError | None:
    try:
        lines = [str(row[0]) for row in state.select("PRAGMA integrity_check(5)")]
        state.journal.entries()
        state.jobs.all()
        state.trash_places()
    except CorruptDatabaseError as error:
        return error
    except (ModelKeepError, ValueError) as error:
        return damaged(path, str(error))
    wrong = [line for line in lines if line != "ok"]
    return damaged(path, "; ".join(wrong)) if wrong else None


def _finding(path: Path, error: ModelKeepError) -> Finding:
    if not isinstance(error, CorruptDatabaseError):
        return Finding("state_file", printable(path), str(error), hint_of(error), Severity.ERROR)
    return Finding(
        "state_damaged",
        printable(path),
        str(error),
        "The jobs and the journal of interrupted changes in it are lost. doctor --fix keeps"
        " a copy beside it, creates a new file, and finishes or rolls back the changes that "
        "staging folders, trash folders and the catalogue still show.",
        Severity.ERROR,
        repair=_set_aside,
    )


def _set_aside(tools: RepairTools) -> None:
    """Rename the file and its log; a new one is made when it is next needed."""
    path = tools.settings.state_path
    refuse_open(path)
    mark = f"{path.name}.corrupt-{time.time_ns() // 10**6}"
    for suffix in _PARTS:
        part = path.with_name(path.name + suffix)
        if part.exists():
            paths.publish(part, path.with_name(mark + suffix))
    if path.exists():
        raise StorageError(f"{shown(path)} could not be moved aside", hint="Move it by hand.")


CHECK = Check("state_file", position=30, find=_find)

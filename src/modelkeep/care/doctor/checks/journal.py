"""The journal: unfinished changes of processes that have ended."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.errors import DatabaseError


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every entry of the journal belongs to a running process."""
    living = library.living
    for entry in library.entries:
        if entry.owner not in living:
            yield Finding(
                "interrupted",
                entry.note.key,
                f"The {entry.note.operation} of {entry.note.subject} was interrupted"
                f" ({entry.note.stage})",
                "doctor --fix or the next install finishes it or rolls it back.",
                repair=_settle(entry.id),
            )


def _settle(number: int) -> Repair:
    def settle(tools: RepairTools) -> None:
        """Finish or roll back the entries that dead processes left, this one among them."""
        tools.recover()
        if any(entry.id == number for entry in tools.library.state.journal.entries()):
            raise DatabaseError(
                "its process is running again", hint="Wait for it, then run doctor again."
            )

    return settle


CHECK = Check("journal", position=60, find=_find)

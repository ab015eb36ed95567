"""The journal: changes that were begun by processes that have ended since."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.finding import Finding, Repair
from modelkeep.care.doctor.patient import Patient
from modelkeep.care.doctor.workshop import Workshop
from modelkeep.errors import DatabaseError


def check_journal(patient: Patient) -> Iterator[Finding]:
    """All that was begun is done, or being done."""
    living = patient.living
    for entry in patient.entries:
        if entry.owner not in living:
            yield Finding(
                "interrupted",
                entry.note.key,
                f"The {entry.note.operation} of {entry.note.subject} was cut off"
                f" ({entry.note.stage})",
                "It is finished or taken back by doctor --fix, or by the next install.",
                repair=_settle(entry.id),
            )


def _settle(number: int) -> Repair:
    def settle(workshop: Workshop) -> None:
        """Finish or take back whatever dead processes left, this entry among it."""
        workshop.service.recover()
        if any(entry.id == number for entry in workshop.library.state.journal.entries()):
            raise DatabaseError(
                "its process is at work again", hint="Wait for it, then run doctor again."
            )

    return settle

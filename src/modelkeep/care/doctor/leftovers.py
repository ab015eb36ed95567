"""Work folders that the journal does not name, settled by the note in them."""

from __future__ import annotations

from pathlib import Path

from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.core.reading import printable
from modelkeep.disk.journal import Note
from modelkeep.errors import OfflineRootError


def settled_by_its_note(folder: Path, note: Note) -> Finding:
    """Return the finding for a work folder that has a note but no entry in the journal."""

    def settle(tools: RepairTools) -> None:
        library = tools.library
        if library.is_away(note):
            raise OfflineRootError(
                "one of its roots is offline",
                hint="Mount its disk, then run doctor --fix again.",
            )
        note.settle(is_recorded=library.records.exists(note.key))

    return Finding(
        "interrupted",
        printable(folder),
        f"The {note.operation} of {note.subject} was interrupted ({note.stage}) and has no journal"
        " entry",
        "doctor --fix finishes it or rolls it back.",
        repair=settle,
    )

"""Jobs: installs and downloads that are not finished, and what they keep on the disk."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.commands import command
from modelkeep.core.names import size_text
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.rows import JobRow
from modelkeep.jobs.states import JobState


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every job has ended as it was meant to, or a running process works on it."""
    if library.state is None:
        return
    try:
        rows = library.state.jobs.all()
    except ModelKeepError:  # the check of the state file says why
        return
    living = library.living
    for row in rows:
        if row.status in {JobState.COMPLETED, JobState.CANCELLED} or row.owner in living:
            continue
        yield _finding(row)


def _finding(row: JobRow) -> Finding:
    has_failed = row.status is JobState.ERROR
    is_held = row.status in {JobState.IDLE, JobState.PAUSED}
    state = "failed" if has_failed else f"is {row.status}" if is_held else "was interrupted"
    kept = f", {size_text(row.bytes)} of {size_text(row.total_bytes)} kept" if row.bytes else ""
    why = f": {row.error}" if row.error else ""
    number = str(row.id)
    again = command("retry" if has_failed else "resume", number)
    away = command("prune") if has_failed else command("cancel", number)
    return Finding(
        "job_unfinished",
        number,
        f"Job {number} ({row.kind} of {row.source}) {state}{kept}{why}",
        f"Continue it: {again} - or drop it: {away}",
        Severity.NOTE,
    )


CHECK = Check("jobs", position=75, find=_find)

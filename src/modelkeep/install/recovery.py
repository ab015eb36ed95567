"""Recovery: entries that dead processes left in the journal are finished or rolled back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from modelkeep.core.commands import command
from modelkeep.disk.journal import JournalEntry
from modelkeep.errors import InterruptedInstallError, UnknownJobIDException
from modelkeep.install.details import InstallDetails
from modelkeep.jobs.owner import locked
from modelkeep.jobs.rows import JobChange, JobRow
from modelkeep.jobs.states import JobState
from modelkeep.library.library import Library
from modelkeep.library.removal import purge_expired
from modelkeep.library.roots import drop_settings_drafts, settle_roots
from modelkeep.library.uploads import expired_uploads


def recover_library(library: Library, is_alive: Callable[[str], bool]) -> int:
    """Settle what dead processes left and what is over its time; count the changes.

    Args:
        library: The library.
        is_alive: Tells whether the owner of an entry still lives; its entries are left alone.
    """
    with locked(library.settings.state_path.with_suffix(".recovery")):
        settled = recover(library, is_alive)
        settle_roots(library)
        drop_settings_drafts(library.settings)
        purge_expired(library)
        _drop_expired_uploads(library)
    return settled


def recover(library: Library, is_alive: Callable[[str], bool]) -> int:
    """Go through the journal once, and count what was settled; it may be interrupted and repeated.

    What concerns files in a root that is offline waits until it is back.

    Args:
        library: The library to put in order.
        is_alive: Tells whether the owner of an entry still lives; its entries are left alone.
    """
    dead = [entry for entry in library.state.journal.entries() if not is_alive(entry.owner)]
    waiting = [entry for entry in dead if library.is_away(entry.note)]
    left = [entry for entry in dead if entry not in waiting]
    for entry in left:
        is_recorded = library.records.exists(entry.note.key)
        is_done = entry.note.is_done(is_recorded=is_recorded)
        entry.note.settle(is_recorded=is_recorded)
        end = _end_of_job(library, entry, is_done=is_done)
        library.state.journal.finish(entry.id, end)
    _end_orphaned_jobs(library, is_alive, {entry.job for entry in waiting})
    return len(left)


def _end_of_job(library: Library, entry: JournalEntry, *, is_done: bool) -> JobChange | None:
    """Return how the job of an entry ends; None when it is done for none."""
    if entry.job is None:
        return None
    try:
        job = library.state.jobs.get(entry.job)
    except UnknownJobIDException:  # removed from the list in the meantime
        return None
    if not is_done:
        return _interrupted(job)
    key, now = entry.note.key, time.time()
    return JobChange(JobState.COMPLETED, job.bytes, job.total_bytes, key, ended_at=now)


def _end_orphaned_jobs(
    library: Library, is_alive: Callable[[str], bool], waiting: Collection[int | None]
) -> None:
    """End the jobs of dead processes that no settled entry has ended; paused ones stay so."""
    for job in library.state.jobs.unended("install"):
        if job.status is not JobState.PAUSED and not is_alive(job.owner):
            end = _interrupted(job, is_away=job.id in waiting)
            library.state.jobs.update(job.id, end)


def _drop_expired_uploads(library: Library) -> None:
    """Remove uploads that nobody went on with, but those that are being installed."""
    for upload in expired_uploads(library.settings.staging_dir, library.state):
        upload.remove()


def _interrupted(job: JobRow, *, is_away: bool = False) -> JobChange:
    details = InstallDetails.decode(job.details)
    what, hint = "nothing was kept", f"Start it again: {_command(job.source, details)}"
    if is_away:
        what = f"its folder is offline{f' ({details.to})' if details.to else ''}"
        hint = "Mount its disk: what is there is then finished or rolled back."
    elif details.remote is not None:
        what, hint = "downloaded data is kept", "Continue with: modelkeep resume --all"
    return JobChange(
        JobState.ERROR,
        job.bytes,
        job.total_bytes,
        error_type=InterruptedInstallError.__name__,
        error=f"The install of {job.source} was interrupted; {what}",
        hint=hint,
        ended_at=time.time(),
    )


def _command(source: str, details: InstallDetails) -> str:
    """Return the command that asks for the same install again."""
    words = ["install"]
    if details.inplace:
        words.append("--inplace")
    if details.link:
        words += ["--link", details.link.value]
    if details.to:
        words += ["--to", details.to]
    for name, value in details.config.items():
        if name in {"name", "type", "base", "variant"}:
            words += [f"--{name}", str(value)]
    return command(*words, source)

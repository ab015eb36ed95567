"""Recovery: what dead processes left in the journal is finished or taken back."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from modelkeep.disk.journal import JournalEntry
from modelkeep.disk.notes import Install
from modelkeep.errors import InterruptedInstallError, UnknownJobIDException
from modelkeep.install.details import InstallDetails
from modelkeep.jobs.owner import locked
from modelkeep.jobs.states import JobState
from modelkeep.library.library import Library
from modelkeep.library.removal import purge_expired
from modelkeep.library.root_records import settle_roots
from modelkeep.library.settings_file import drop_settings_drafts


def recover_library(library: Library, is_alive: Callable[[str], bool]) -> int:
    """Put in order what dead processes left: changes, jobs, roots, drafts, expired trash.

    Args:
        library: The library.
        is_alive: Tells whether the owner of an entry still lives; its entries are left alone.

    Returns:
        How many changes were settled.
    """
    with locked(library.settings.state_path.with_suffix(".recovery")):
        settled = recover(library, is_alive)
        settle_roots(library)
        drop_settings_drafts(library.settings)
        purge_expired(library)
    return settled


def recover(library: Library, is_alive: Callable[[str], bool]) -> int:
    """Go through the journal once; every step may be cut off and done again.

    What concerns files in a root that is offline waits until it is back.

    Args:
        library: The library to put in order.
        is_alive: Tells whether the owner of an entry still lives; its entries are left alone.

    Returns:
        How many entries were settled.
    """
    dead = [entry for entry in library.state.journal.entries() if not is_alive(entry.owner)]
    left = [entry for entry in dead if not library.is_away(entry.note)]
    for entry in left:
        is_recorded = library.records.exists(entry.note.key)
        entry.note.settle(is_recorded=is_recorded)
        columns = _end_of_job(library, entry, is_recorded=is_recorded)
        library.state.journal.finish(entry.id, ended_at=time.time(), **columns)
    _end_orphaned_jobs(library, is_alive)
    return len(left)


def _end_of_job(library: Library, entry: JournalEntry, *, is_recorded: bool) -> dict[str, Any]:
    if not isinstance(entry.note, Install):
        return {}
    if is_recorded:
        return {"status": "completed", "key": entry.note.key}
    return _interrupted(entry.note.source, _details(library, entry.job))


def _end_orphaned_jobs(library: Library, is_alive: Callable[[str], bool]) -> None:
    """Jobs of dead processes that had not come as far as the journal; paused ones stay so."""
    for job in library.state.jobs.unended("install"):
        if job.status is not JobState.PAUSED and not is_alive(job.owner):
            fields = _interrupted(job.source, InstallDetails.decode(job.details))
            library.state.jobs.update(job.id, ended_at=time.time(), **fields)


def _details(library: Library, job: int | None) -> InstallDetails:
    if job is not None:
        with suppress(UnknownJobIDException):  # removed from the list in the meantime
            return InstallDetails.decode(library.state.jobs.get(job).details)
    return InstallDetails()


def _interrupted(source: str, details: InstallDetails) -> dict[str, Any]:
    if details.remote is not None:
        return {
            "status": "error",
            "error_type": InterruptedInstallError.__name__,
            "error": f"The install of {source} was cut off; what had come is kept",
            "hint": "Go on with: modelkeep resume --all",
        }
    return {
        "status": "error",
        "error_type": InterruptedInstallError.__name__,
        "error": f"The install of {source} was cut off; nothing of it was kept",
        "hint": f"Start it again: {_command(source, details)}",
    }


def _command(source: str, details: InstallDetails) -> str:
    """Return the command that asks for the same install again."""
    words = ["modelkeep", "install"]
    if details.inplace:
        words.append("--inplace")
    if details.link:
        words += ["--link", details.link.value]
    for name, value in details.config.items():
        if name in {"name", "type", "base", "variant"}:
            words += [f"--{name}", str(value)]
    return shlex.join([*words, source])

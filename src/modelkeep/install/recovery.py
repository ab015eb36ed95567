"""Recovery: what dead processes left in the journal is finished or taken back."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelkeep.core.roots import RootState
from modelkeep.errors import InterruptedInstallError, UnknownJobIDException
from modelkeep.install.incoming import end_install, take_back_install
from modelkeep.install.job import InstallStatus
from modelkeep.jobs.journal_table import JournalEntry
from modelkeep.library.library import Library
from modelkeep.library.outgoing import (
    end_purge,
    end_removal,
    end_restore,
    take_back_removal,
    take_back_restore,
)


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
    left = [entry for entry in dead if not _is_offline(library, entry.plan)]
    for entry in left:
        job_fields = _settle(library, entry)
        library.state.journal.finish(entry.id, ended_at=time.time(), **job_fields)
    _end_orphaned_jobs(library, is_alive)
    return len(left)


def _is_offline(library: Library, plan: dict[str, Any]) -> bool:
    """Tell whether files that an entry speaks of lie in a root that is not there."""
    moves = plan.get("moves", [])
    places = [end for move in moves for end in (move["source"], move["target"])]
    roots = {library.roots.around(Path(place)) for place in (*places, plan.get("folder", "/"))}
    return any(root and library.root_state(root.name) is RootState.OFFLINE for root in roots)


def _settle(library: Library, entry: JournalEntry) -> dict[str, Any]:
    is_recorded = library.records.exists(entry.key)
    match entry.operation, is_recorded:
        case "install", True:
            end_install(entry.plan)
            return {"status": "completed", "key": entry.key}
        case "install", False:
            take_back_install(library, entry.plan)
            return _interrupted(entry.plan["source"], _details(library, entry.job))
        case "delete", True:
            take_back_removal(entry.plan)
        case "delete", False:
            end_removal(entry.plan)
        case "restore", True:
            end_restore(library, Path(entry.plan["folder"]))
        case "restore", False:
            take_back_restore(entry.plan)
        case _:
            end_purge(library, entry.key, Path(entry.plan["folder"]))
    return {}


def _end_orphaned_jobs(library: Library, is_alive: Callable[[str], bool]) -> None:
    """Jobs of dead processes that had not come as far as the journal; paused ones stay so."""
    for job in library.state.jobs.all("install"):
        is_paused = job.status == InstallStatus.PAUSED.value
        if job.ended_at is None and not is_paused and not is_alive(job.owner):
            fields = _interrupted(job.source, job.details)
            library.state.jobs.update(job.id, ended_at=time.time(), **fields)


def _details(library: Library, job: int | None) -> dict[str, Any]:
    try:
        return library.state.jobs.get(job).details if job is not None else {}
    except UnknownJobIDException:  # pruned in the meantime
        return {}


def _interrupted(source: str, details: dict[str, Any]) -> dict[str, Any]:
    if "remote" in details:
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


def _command(source: str, details: dict[str, Any]) -> str:
    """Return the command that asks for the same install again."""
    words = ["modelkeep", "install"]
    if details.get("inplace"):
        words.append("--inplace")
    if details.get("link"):
        words += ["--link", details["link"]]
    for name, value in details.get("config", {}).items():
        if name in {"name", "type", "base", "variant"}:
            words += [f"--{name}", str(value)]
    return shlex.join([*words, source])

"""Commit: a model is registered where it is, or staged, published under its name and recorded.

The record is the commit point: before it everything can be taken back, after it what is left is
finished. The journal says at each step how.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigBase, new_key
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import Progress
from modelkeep.core.names import shown, unique_name
from modelkeep.core.reading import printable
from modelkeep.disk import moves, notes
from modelkeep.disk.moves import Move
from modelkeep.disk.notes import Install, MovedFile
from modelkeep.errors import (
    DuplicateModelException,
)
from modelkeep.install.plan import Plan
from modelkeep.install.prepare import Staged, check_unchanged, make_room, stage
from modelkeep.jobs.hash_lookups import HashLookups
from modelkeep.jobs.rows import JobChange
from modelkeep.jobs.states import JobState
from modelkeep.library.destination import Destination, LinkMode
from modelkeep.library.left_out import note_recorded
from modelkeep.library.library import Library, LibraryChange, sampled, with_fields
from modelkeep.library.ownership import describe_files, names_below
from modelkeep.library.previews import preview_text
from modelkeep.library.record_paths import recorded_path
from modelkeep.library.removal import restore_left_out
from modelkeep.records.listing import NewRecord

#: Names tried for one model while other processes take them at the same moment.
_NAME_TRIES = 100

_log = logging.getLogger(__name__)


def register(library: Library, plan: Plan) -> ModelConfigBase:
    """Record a model where it is: one transaction, nothing on the disk.

    One that was removed from the library is the record that it was, unless fields are given.

    Raises:
        DuplicateModelException: its path is recorded already.
        SourceChangedError: it is being written.
    """
    config, target = plan.require_known()
    before = restore_left_out(library, target) if not plan.given else None
    if before is not None:
        return before
    names = names_below(target)
    config = with_fields(config, **_hashes(config, target, names))
    files = describe_files(target, names, library.settings.models_dir, {}, time.time())
    check_unchanged(plan)
    with library.locks.publishing():
        stored = _record(library, plan, config, files)
    note_recorded(library, [target])
    library.presence.note_seen(stored.root)
    return stored


def install(
    library: Library,
    plan: Plan,
    progress: Progress,
    *,
    job: int | None = None,
) -> ModelConfigBase:
    """Bring a model into ``models_dir`` and record it.

    Args:
        library: Where to.
        plan: What to install; not in place.
        progress: Told of every piece; may raise to stop.
        job: Number of the job in the state file.

    Raises:
        ModelKeepError: it could not be done; everything is as it was before.
    """
    home = plan.home or Destination.of_settings(library.settings)
    config, _ = plan.require_known()
    make_room(library, plan.needed_bytes, home.top)
    if home.top.is_dir():  # for whoever finds it unfinished: whether its disk is there
        library.presence.note_seen(home.root)
    note = _begun(library, plan, home)
    with library.journalled(note, job=job) as change:
        strict = library.settings.verify == "strict"
        staged = stage(plan, note.staging, progress, verify=strict)
        progress(0)  # the last moment to stop
        with library.locks.publishing(lambda: progress(0)):
            target = _publish(library, plan, staged, change)
            names = [file.name for file in plan.files]
            models_dir = library.settings.models_dir
            path = recorded_path(target, models_dir)
            picture = _keep_preview(library, plan, target, note)
            config = with_fields(config, path=path, preview=picture)
            config = with_fields(config, **_hashes(config, target, names))
            files = describe_files(
                target, names, models_dir, staged.blake3, time.time(), sha256=plan.sha256
            )
            stored = _record(library, plan, config, files)
        library.presence.note_seen(stored.root)
        change.note.finish()
        total = sum(file.size for file in plan.files)
        end = JobChange(JobState.COMPLETED, total, total, note.key, ended_at=time.time())
        change.finish(end)
    return stored


def _hashes(config: ModelConfigBase, top: Path, names: list[str]) -> dict[str, str]:
    """Return the sample hashes of a model, but those that the caller gave as given."""
    found = sampled(top, names)
    return {name: getattr(config, name) or value for name, value in found.items()}


def _begun(library: Library, plan: Plan, home: Destination) -> Install:
    """Return what the journal says of an install before anything is made."""
    config, _ = plan.require_known()
    key, preview = config.key, None
    if plan.preview is not None:
        place = library.previews.place_for(key, plan.preview)
        preview = None if os.path.lexists(place) else place
    return Install(
        key,
        source=printable(str(plan.source)),
        staging=home.staging / new_key(),
        top=home.top,
        fetched=plan.fetched,
        preview=preview,
    )


def _keep_preview(library: Library, plan: Plan, target: Path, note: Install) -> str | None:
    """Copy the picture to where the journal says, and return what the record says of it."""
    if plan.preview is None or note.preview is None:
        return None
    kept = library.previews.keep(plan.preview, note.preview)
    return preview_text(kept, target) if kept else None


def _record(
    library: Library, plan: Plan, config: ModelConfigBase, files: Sequence[ModelFile]
) -> ModelConfigBase:
    """Store the record of a model and what is said about it: the commit point.

    The fields that the caller gave count as edited.
    """
    if plan.given:
        HashLookups(library.state).note_edit(config.key, without_aliases(plan.given))
    tags = plan.tags if plan.metadata is None else ()
    new = NewRecord(config.key, config, tuple(files), plan.metadata, tags)
    return library.records.add_models([new])[0]


def _publish(library: Library, plan: Plan, staged: Staged, change: LibraryChange[Install]) -> Path:
    """Give the staged model its name, written down before; return where it is."""
    _, wanted = plan.require_known()
    note = change.note
    if plan.link is LinkMode.Move:
        moved = [MovedFile(f.path, f.size, f.mtime_ns, f.inode) for f in plan.files]
        note = replace(note, source_top=plan.path, sources=tuple(moved))
    for _ in range(_NAME_TRIES):
        name = unique_name(wanted.name, library.taken_in(wanted.parent))
        move = Move.plan(staged.top, wanted.with_name(name))
        change.advance(replace(note, move=move))
        notes.leave(change.note, note.staging)
        try:
            moves.do([move])
        except DuplicateModelException:
            continue  # another program took the name in between
        return move.target
    raise DuplicateModelException(
        f"No free name found for {plan.source} in {shown(wanted.parent)}",
        hint="Try again or rename the file.",
    )

"""Reinstall: a record whose files are missing or damaged gets its right bytes again.

The record stays what it is: key, name and what people wrote. In its own root the files go where
they were, and what lies there goes to the trash first; from any other root the record moves to
where the new files are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase, new_key
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import Progress
from modelkeep.core.names import safe_name, unique_name
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import RecordState
from modelkeep.disk import moves, notes, paths
from modelkeep.disk.moves import Move
from modelkeep.disk.notes import MovedFile, Reinstall
from modelkeep.install.plan import Plan
from modelkeep.install.prepare import make_room, stage
from modelkeep.jobs.rows import JobChange
from modelkeep.jobs.states import JobState
from modelkeep.library.broken import BrokenModel
from modelkeep.library.destination import Destination, LinkMode
from modelkeep.library.inventory import SourceFile
from modelkeep.library.library import Library, LibraryChange, sampled
from modelkeep.library.ownership import describe_files, removable
from modelkeep.library.previews import preview_text
from modelkeep.library.record_paths import recorded_path
from modelkeep.library.trash import TrashEntry, place_of


def reregister(library: Library, plan: Plan, broken: BrokenModel) -> ModelConfigBase:
    """Have a record say where its right bytes are: one transaction, nothing on the disk.

    Raises:
        DuplicateModelException: another record has that path.
    """
    _, target = plan.require_known()
    with library.locks.model(broken.config.key), library.locks.publishing():
        return _record(library, broken, target if broken.bad else broken.top, plan.sha256)


def reinstall(
    library: Library,
    plan: Plan,
    broken: BrokenModel,
    progress: Progress,
    *,
    job: int | None = None,
) -> ModelConfigBase:
    """Bring the files of a record that are missing or damaged to their places.

    Args:
        library: Where it is recorded.
        plan: What to install; not in place.
        broken: The record; some of its files are bad.
        progress: Told of every piece; may raise to stop.
        job: Number of the job in the state file.

    Raises:
        ModelKeepError: it could not be done; everything is as it was before.
    """
    home = plan.home or Destination.of_settings(library.settings)
    with library.locks.model(broken.config.key):
        place, needed = _place_for(library, plan, broken, home)
        files = [file for file in plan.files if file.name in needed]
        make_room(library, _room_for(plan, files), home.top)
        note = Reinstall(
            broken.config.key,
            printable(str(plan.source)),
            home.staging / new_key(),
            home.top,
            fetched=plan.fetched,
        )
        with library.journalled(note, job=job) as change:
            strict = library.settings.verify == "strict"
            whole = replace(plan, target=place)
            staged = stage(whole, note.staging, progress, verify=strict, only=needed)
            progress(0)  # the last moment to stop
            with library.locks.publishing(lambda: progress(0)):
                put = tuple(
                    Move.plan(place_of(staged.top, f.name), place_of(place, f.name)) for f in files
                )
                _publish(library, broken, _with_sources(plan, replace(note, put=put)), change)
                stored = _record(library, broken, place, plan.sha256)
            library.presence.note_seen(stored.root)
            change.note.finish()
            total = plan.total_bytes or 0
            change.finish(
                JobChange(JobState.COMPLETED, total, total, stored.key, ended_at=time.time())
            )
    return stored


def _place_for(
    library: Library, plan: Plan, broken: BrokenModel, home: Destination
) -> tuple[Path, frozenset[str]]:
    """Return where the model will be, and the names of the files that are needed there."""
    everything = frozenset(broken.files)
    if broken.config.root == home.root:
        places = [place_of(broken.top, name) for name in broken.files]
        is_plain = all(removable(broken.top, path) == path for path in places)
        return broken.top, broken.bad if is_plain else everything  # a link on the way goes
    _, wanted = plan.require_known()
    name = unique_name(safe_name(Path(broken.config.path).name), library.taken_in(wanted.parent))
    return wanted.with_name(name), everything


def _room_for(plan: Plan, files: Sequence[SourceFile]) -> int:
    return sum(file.allocated for file in files) if plan.needed_bytes else 0


def _with_sources(plan: Plan, note: Reinstall) -> Reinstall:
    if plan.link is not LinkMode.Move:
        return note
    moved = [MovedFile(f.path, f.size, f.mtime_ns, f.inode) for f in plan.files]
    return replace(note, source_top=plan.path, sources=tuple(moved))


def _publish(
    library: Library, broken: BrokenModel, note: Reinstall, change: LibraryChange[Reinstall]
) -> None:
    """Bring the files to their places; what lies there goes to a trash entry of its own."""
    place = broken.top
    there = {removable(place, m.target) for m in note.put if os.path.lexists(m.target)}
    entry = _entry_for(library, broken, sorted(there)) if there else None
    if entry is not None:
        taken = tuple(Move.plan(*ends) for ends in zip(entry.origins, entry.waiting, strict=True))
        note = replace(note, aside=entry.folder, taken=taken)
    change.advance(note)
    notes.leave(note, note.staging)
    if entry is not None:
        entry.write()
        paths.make_folder(entry.folder / "files")
    moves.do((*note.taken, *note.put))


def _entry_for(library: Library, broken: BrokenModel, there: Sequence[Path]) -> TrashEntry:
    """Return the trash entry of damaged files: as a model of its own, it can be restored."""
    config, models_dir = broken.config, library.settings.models_dir
    name = f"{config.name} (damaged)"
    files: list[ModelFile] = []
    for path in there:
        if path.is_file():
            files += describe_files(path, [""], models_dir, {}, time.time())
    record = {
        **config.to_json(),
        "key": new_key(),
        "name": name,
        "preview": None,
        "size": sum(file.size for file in files),
        "state": RecordState.PRESENT.value,
    }
    entry = library.trash.plan(record, broken.top, files, there, None)
    if entry.folder.parent != library.settings.trash_dir:
        library.state.add_trash_place(str(entry.folder.parent))
    return entry


def _record(
    library: Library, broken: BrokenModel, place: Path, sha256: Mapping[str, str]
) -> ModelConfigBase:
    """Store where the files of a record are now, with the hashes that they were found by."""
    models_dir, config = library.settings.models_dir, broken.config
    known = {n: row.sha256 for n, row in broken.files.items() if row.sha256} | dict(sha256)
    names = list(broken.files)
    rows = describe_files(place, names, models_dir, broken.blake3, time.time(), sha256=known)
    changes: dict[str, Any] = {
        "state": RecordState.PRESENT,
        "size": sum(row.size for row in rows),
        "current_hash": sampled(place, names)["current_hash"],
    }
    if place != broken.top:
        changes["path"] = recorded_path(place, models_dir)
        picture = library.preview_of(config)
        changes["preview"] = preview_text(picture, place) if picture is not None else None
    stored: ModelConfigBase = library.records.update_model(config.key, changes, files=rows)
    return stored

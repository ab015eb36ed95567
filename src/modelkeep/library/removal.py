"""Removing models: to the trash, restoring them, and deleting them for good."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import metadata_from_json
from modelkeep.core.names import path_to_text, refuse_climbing, shown, unique_name
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.disk import moves, notes, paths
from modelkeep.disk.moves import Move
from modelkeep.disk.notes import Purge, Removal, Restore
from modelkeep.errors import (
    DuplicateModelException,
    ModelKeepError,
    StorageError,
    UnknownMetadataException,
    UnknownModelException,
    UnsafePathError,
)
from modelkeep.library.left_out import note_recorded, note_removed
from modelkeep.library.library import Library, LibraryChange, with_fields
from modelkeep.library.ownership import describe_files, owned_files, removable
from modelkeep.library.record_paths import located, recorded_path
from modelkeep.library.trash import TrashEntry, name_below, place_of
from modelkeep.records.listing import NewRecord

#: Places tried for one model while others take them at the same moment.
_PLACE_TRIES = 100


def remove(library: Library, key: str, *, everywhere: bool, keep_files: bool = False) -> TrashEntry:
    """Delete a record, move its files to the trash, and return the trash entry.

    Where the files stay, the entry has the record alone, and a sync leaves the model out.

    Args:
        library: Where from.
        key: The record.
        everywhere: Also files outside ``models_dir``; otherwise those stay where they are.
        keep_files: All files stay.

    Raises:
        UnknownModelException: there is no such record.
        OfflineRootError: its files are to be removed and their root is not there.
        NotWritableError: its files are to be removed from a read-only root.
        UnsafePathError: its files are to be removed and the record says that they lie outside of
            their folder.
    """
    with library.locks.model(key):
        config = library.records.get_model(key)
        if keep_files or not goes_with_record(library, config, everywhere=everywhere):
            return _remove_record(library, config)
        top = library.reach(config)
        entry = _plan_entry(library, config, top)
        planned = [Move.plan(*ends) for ends in zip(entry.origins, entry.waiting, strict=True)]
        note = Removal(key, entry.folder, top, tuple(planned))
        with library.journalled(note):
            entry.write()
            paths.make_folder(entry.folder / "files")
            moves.do(planned)
            try:
                library.records.del_model(key)
            except UnknownModelException:  # a program that knows no locks has deleted it
                if not any(os.path.lexists(path) for path in entry.waiting):
                    notes.remove_work_folder(entry.folder)
                raise
            note.finish()
        return entry


def goes_with_record(library: Library, config: ModelConfigBase, *, everywhere: bool) -> bool:
    """Tell whether the files of a model go when it is removed, or stay where they are."""
    place = library.find(config)
    return everywhere or (place is not None and library.is_ours(place))


def _remove_record(library: Library, config: ModelConfigBase) -> TrashEntry:
    """Delete a record and nothing else; what it says waits in the trash."""
    top = library.find(config) or Path(config.path)
    entry = _entry(library, config, top, library.records.files(config.key), ())
    with library.journalled(Removal(config.key, entry.folder, top)) as change:
        entry.write()
        note_removed(library, config)
        library.records.del_model(config.key)
        change.note.finish()
    return entry


def restore(library: Library, entry: TrashEntry) -> ModelConfigBase:
    """Restore a removed model: its files and its record, under the same key.

    If its path is taken, it gets a name with a number.

    Raises:
        DuplicateModelException: a record with its key is there.
        OfflineRootError: the root that it was in is not there.
        NotWritableError: that root is read-only by now.
        UnsafePathError: its record says a place outside its folder.
    """
    with library.locks.model(entry.key), library.locks.publishing():
        record: ModelConfigBase = ModelConfigFactory.make_config(entry.record)
        if library.records.exists(entry.key):
            raise DuplicateModelException(
                f"{entry.name} is already in the library, under the key {entry.key}",
                hint="There is nothing to restore.",
            )
        before = library.reach(record)
        if entry.is_record_only:
            _refuse_recorded(library, entry, before)
        refuse_climbing(before, entry.name)
        for file in entry.files:
            _refuse_outside(library.path_of(file), before, entry.name)
        if not entry.is_record_only:
            library.require_writable(before)
        _refuse_incomplete(entry)
        with library.journalled(_planned(library, entry, before)) as change:
            _move_back(library, entry, before, change)
            target = change.note.top
            models_dir = library.settings.models_dir
            config = with_fields(record, path=recorded_path(target, models_dir))
            files = _restored_files(library, entry, before, target)
            metadata = metadata_from_json(entry.metadata) if entry.metadata else None
            new = NewRecord(entry.key, config, tuple(files), metadata, entry.tags)
            [stored] = library.records.add_models([new])
            if entry.loaded_at is not None:
                library.records.note_loaded({entry.key: entry.loaded_at})
            change.note.finish()
        note_recorded(library, [target])
        return stored


def restore_left_out(library: Library, path: Path) -> ModelConfigBase | None:
    """Restore the record of a model that was removed and whose files stayed at ``path``.

    Returns:
        The record; None where there is none, or the files are not those that it was about.
    """
    for entry in reversed(library.trash.entries()):
        if entry.is_record_only and entry.top == path and _is_complete(library, entry):
            try:
                return restore(library, entry)
            except ModelKeepError:
                return None  # it gets a new record
    return None


def _is_complete(library: Library, entry: TrashEntry) -> bool:
    """Tell whether the files that a record was about are there with their sizes."""
    try:
        return all(library.path_of(f).stat().st_size == f.size for f in entry.files)
    except (OSError, ModelKeepError):
        return False


def _refuse_recorded(library: Library, entry: TrashEntry, place: Path) -> None:
    """Refuse to restore a record whose files, which never moved, are another record's by now."""
    path = recorded_path(place, library.settings.models_dir)
    for config in library.records.search_by_path(path):
        raise DuplicateModelException(
            f"The files of {entry.name} are recorded as {config.name} ({config.key})",
            hint=f"To restore {entry.name} in its place, remove that record first:"
            f" {command('remove', '--keep-files', config.key[:8])}",
        )


def _planned(library: Library, entry: TrashEntry, before: Path) -> Restore:
    """Plan to move the files of a trash entry to where they were, or to a name that is free."""
    target = _place_for(library, before, entry)
    places = [place_of(target, name) for name in entry.names]
    back = [Move.plan(*ends) for ends in zip(entry.waiting, places, strict=True)]
    return Restore(entry.key, entry.folder, target, tuple(back))


def _move_back(
    library: Library, entry: TrashEntry, before: Path, change: LibraryChange[Restore]
) -> None:
    for _ in range(_PLACE_TRIES):
        notes.leave(change.note, entry.folder)
        try:
            moves.do(change.note.moves)
        except DuplicateModelException:  # taken in between by a program that knows no locks
            change.note.roll_back()
            change.advance(_planned(library, entry, before))
        else:
            return
    raise DuplicateModelException(
        f"No free name found for {entry.name} in {shown(before.parent)}",
        hint="Try again.",
    )


def purge(library: Library, entry: TrashEntry) -> None:
    """Remove a trash entry for good; one that no longer exists is skipped.

    Raises:
        NotWritableError: it lies in a read-only root.
    """
    library.require_writable(entry.folder)
    with library.locks.model(entry.key):
        if not entry.folder.exists():
            return
        note = Purge(entry.key, entry.folder, tuple(library.previews.of(entry.key)))
        with library.journalled(note):
            note.settle(is_recorded=library.records.exists(entry.key))


def purge_expired(library: Library) -> None:
    """Remove expired trash entries for good."""
    now = time.time()
    for entry in library.trash.entries():
        root = library.roots.around(entry.folder)
        is_kept = (root is not None and root.is_readonly) or not paths.is_writable(entry.folder)
        if entry.expires_at <= now and not is_kept:
            purge(library, entry)


def _plan_entry(library: Library, config: ModelConfigBase, top: Path) -> TrashEntry:
    refuse_climbing(top, config.name)
    files = owned_files(library.records, config, library.settings.models_dir)
    places = [library.path_of(file) for file in files]
    for path in places:
        _refuse_outside(path, top, config.name)
    leaving = dict.fromkeys(removable(top, path) for path in places)
    for path in leaving:
        library.require_writable(path)
    return _entry(library, config, top, files, leaving)


def _entry(
    library: Library,
    config: ModelConfigBase,
    top: Path,
    files: Iterable[ModelFile],
    leaving: Iterable[Path],
) -> TrashEntry:
    """Return the trash entry of a model, of whose files ``leaving`` go there."""
    metadata = _metadata_text(library, config.key)
    record = {**config.to_json(), "path": _movable(library, config)}
    kept = [replace(file, path=_movable(library, file)) for file in files]
    tags = tuple(sorted(library.records.metadata_store.tags(config.key).hand))
    loaded = library.records.loaded_at(config.key)
    planned = library.trash.plan(record, top, kept, leaving, metadata)
    entry = replace(planned, tags=tags, loaded_at=loaded)
    if entry.folder.parent != library.settings.trash_dir:
        library.state.add_trash_place(str(entry.folder.parent))
    return entry


def _refuse_outside(path: Path, top: Path, name: str) -> None:
    """Refuse a file that a record claims and that lies outside of its model."""
    refuse_climbing(path, name)
    if path != top and top not in path.parents:
        raise UnsafePathError(
            f"The record of {name} claims {shown(path)}, which is not in {shown(top)}",
            hint="No file is touched there. Remove the record: modelkeep remove --keep-files MODEL",
        )


def _movable(library: Library, item: ModelConfigBase | ModelFile) -> str:
    """Return a path for the manifest: in a root as ``root:/path``, since roots can be moved."""
    place = library.find(item)
    if place is None:  # of a root that is not registered: it is written so already
        return item.path
    root, below = library.roots.split(path_to_text(place))
    if root in {MODELS_ROOT, NO_ROOT} or item.root in {MODELS_ROOT, NO_ROOT}:
        return item.path
    return f"{root}:/{below}"


def _place_for(library: Library, original: Path, entry: TrashEntry) -> Path:
    """Return the path to restore a model to: its old one unless that is taken."""
    recorded = library.records.search_by_path(recorded_path(original, library.settings.models_dir))
    if not recorded and not any(os.path.lexists(place_of(original, name)) for name in entry.names):
        return original
    is_taken = library.taken_in(original.parent)
    return original.with_name(unique_name(original.name, is_taken))


def _restored_files(
    library: Library, entry: TrashEntry, before: Path, target: Path
) -> list[ModelFile]:
    """Describe the files of a model that was at ``before`` and is at ``target`` again."""
    models_dir = library.settings.models_dir
    known = [
        (place_of(target, name_below(before, library.path_of(file))), file) for file in entry.files
    ]
    return [_restored_file(path, file, models_dir) for path, file in known]


def _refuse_incomplete(entry: TrashEntry) -> None:
    for place, origin in zip(entry.waiting, entry.origins, strict=True):
        if not os.path.lexists(place):
            raise StorageError(
                f"{shown(place)} is missing: it was {shown(origin)} of {entry.name}",
                hint=f"The rest of the model is in {shown(entry.folder)}.",
            )


def _restored_file(path: Path, before: ModelFile, models_dir: Path) -> ModelFile:
    """Describe a restored file; the hashes known of it stay valid while it is unchanged.

    One that was missing when its model was removed is missing still, and can be found again.
    """
    if not path.exists():
        root, name = located(path, models_dir)
        return replace(before, root=root, path=name)
    [row] = describe_files(path, [""], models_dir, {}, time.time())
    if (row.size, row.mtime_ns) != (before.size, before.mtime_ns):
        return row
    return replace(row, sha256=before.sha256, blake3=before.blake3, hashed_at=before.hashed_at)


def _metadata_text(library: Library, key: str) -> str | None:
    try:
        return library.records.get_metadata(key).model_dump_json()
    except UnknownMetadataException:
        return None

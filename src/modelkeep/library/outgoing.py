"""Models going out: to the trash, back from it, and away for good."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import metadata_from_json
from modelkeep.core.names import path_to_text, refuse_climbing, shown, unique_name
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.disk import moves, paths
from modelkeep.disk.moves import Move
from modelkeep.errors import (
    DuplicateModelException,
    StorageError,
    UnknownMetadataException,
    UnknownModelException,
    UnsafePathError,
)
from modelkeep.library.library import Library, remove_entry, with_fields
from modelkeep.library.new_records import recorded_path
from modelkeep.library.ownership import describe_files, located, owned_files, removable
from modelkeep.library.trash import MANIFEST, TrashEntry, name_below, place_of


def remove(library: Library, key: str, *, everywhere: bool) -> TrashEntry | None:
    """Forget a record and put its files in the trash.

    Args:
        library: Where from.
        key: The record.
        everywhere: Also files outside ``models_dir``; otherwise those stay where they are.

    Returns:
        The trash entry; None when no file was to be removed.

    Raises:
        UnknownModelException: there is no such record.
        OfflineRootError: its files are to be removed and their root is not there.
        NotWritableError: its files are to be removed from a read-only root.
        UnsafePathError: its files are to be removed and the record says that they lie outside of
            their folder.
    """
    config = library.records.get_model(key)
    place = library.find(config)
    if not everywhere and (place is None or not library.is_ours(place)):
        library.records.del_model(key)
        return None
    top = library.reach(config)
    entry = _plan_entry(library, config, top)
    planned = [Move.plan(*ends) for ends in zip(entry.origins, entry.waiting, strict=True)]
    note = _note(entry, top, planned)
    with library.journalled("delete", key, note, stage="trashing", take_back=take_back_removal):
        entry.write()
        paths.make_folder(entry.folder / "files")
        moves.do(planned)
        try:
            library.records.del_model(key)
        except UnknownModelException:  # another process was first, and has the files
            if not any(os.path.lexists(path) for path in entry.waiting):
                remove_entry(entry.folder)
            raise
        end_removal(note)
    return entry


def restore(library: Library, entry: TrashEntry) -> ModelConfigBase:
    """Bring a removed model back: its files and its record, under the same key.

    Where its place is taken by now, it gets a name with a number.

    Raises:
        DuplicateModelException: a record with its key is there.
        OfflineRootError: the root that it was in is not there.
        NotWritableError: that root is read-only by now.
        UnsafePathError: its record says a place outside of its folder.
    """
    record: ModelConfigBase = ModelConfigFactory.make_config(entry.record)
    if library.records.exists(entry.key):
        raise DuplicateModelException(
            f"{entry.name} is in the library already, under the key {entry.key}",
            hint="Nothing needs to be restored.",
        )
    before = library.reach(record)
    refuse_climbing(before, entry.name)
    for file in entry.files:
        _refuse_outside(library.path_of(file), before, entry.name)
    library.require_writable(before)
    target = _place_for(library, before, entry)
    places = [place_of(target, name) for name in entry.names]
    _refuse_incomplete(entry)
    back = [Move.plan(*ends) for ends in zip(entry.waiting, places, strict=True)]
    note = _note(entry, target, back)
    with library.journalled(
        "restore", entry.key, note, stage="restoring", take_back=take_back_restore
    ):
        moves.do(back)
        models_dir = library.settings.models_dir
        config = with_fields(record, path=recorded_path(target, models_dir))
        files = _restored_files(library, entry, before, target)
        stored = library.records.add_model(entry.key, config, files=files)
        end_restore(library, entry.folder)
    return stored


def purge(library: Library, entry: TrashEntry) -> None:
    """Remove a trash entry for good.

    Raises:
        NotWritableError: it lies in a read-only root.
    """
    library.require_writable(entry.folder)
    note = _note(entry, entry.folder, [])
    with library.journalled("purge", entry.key, note, stage="purging", take_back=None):
        end_purge(library, entry.key, entry.folder)


def end_purge(library: Library, key: str, folder: Path) -> None:
    """Remove a trash entry, and the picture of a model that no record has any more."""
    if not library.records.exists(key):
        library.previews.drop(key)
    remove_entry(folder)


def purge_expired(library: Library) -> None:
    """Remove for good what has been in the trash for its time."""
    now = time.time()
    for entry in library.trash.entries():
        root = library.roots.around(entry.folder)
        is_kept = (root is not None and root.is_readonly) or not paths.is_writable(entry.folder)
        if entry.expires_at <= now and not is_kept:
            purge(library, entry)


def take_back_removal(note: dict[str, Any]) -> None:
    """Undo a removal whose record is still there: every file where it was."""
    moves.undo(moves_in(note))
    remove_entry(Path(note["folder"]))


def end_removal(note: dict[str, Any]) -> None:
    """Do what is left once the record is gone: folders that became empty go too."""
    top = Path(note["top"])
    for move in moves_in(note):
        path = Path(move.source)
        if path != top:
            paths.remove_empty_folders(path.parent, top.parent)


def take_back_restore(note: dict[str, Any]) -> None:
    """Undo a restore that was not recorded: every file back in the trash."""
    moves.undo(moves_in(note))
    top = Path(note["top"])
    for move in moves_in(note):
        path = Path(move.target)
        if path != top:
            paths.remove_empty_folders(path.parent, top.parent)


def end_restore(library: Library, folder: Path) -> None:
    """Do what is left once a restored model is recorded: metadata and tags; the entry goes."""
    if (folder / MANIFEST).exists():
        entry = TrashEntry.read(folder)
        if entry.tags:
            library.records.metadata_store.set_tags(entry.key, entry.tags)
        if entry.metadata and _metadata_text(library, entry.key) is None:
            library.records.metadata_store.add_metadata(
                entry.key, metadata_from_json(entry.metadata)
            )
    remove_entry(folder)


def moves_in(note: dict[str, Any]) -> tuple[Move, ...]:
    """Return the moves that a journal entry holds."""
    return tuple(Move.from_json(move) for move in note["moves"])


def _plan_entry(library: Library, config: ModelConfigBase, top: Path) -> TrashEntry:
    models_dir = library.settings.models_dir
    refuse_climbing(top, config.name)
    files = owned_files(library.records, config, models_dir)
    places = [library.path_of(file) for file in files]
    for path in places:
        _refuse_outside(path, top, config.name)
    leaving = dict.fromkeys(removable(top, path) for path in places)
    for path in leaving:
        library.require_writable(path)
    metadata = _metadata_text(library, config.key)
    record = {**config.to_json(), "path": _movable(library, config)}
    kept = [replace(file, path=_movable(library, file)) for file in files]
    tags = tuple(sorted(library.records.metadata_store.tags(config.key).hand))
    entry = replace(library.trash.plan(record, top, kept, leaving, metadata), tags=tags)
    if entry.folder.parent != library.settings.trash_dir:
        library.state.add_trash_place(str(entry.folder.parent))
    return entry


def _refuse_outside(path: Path, top: Path, name: str) -> None:
    """Refuse to take a file along that a record claims and that is no part of its model."""
    refuse_climbing(path, name)
    if path != top and top not in path.parents:
        raise UnsafePathError(
            f"The record of {name} claims {shown(path)}, which does not lie in {shown(top)}",
            hint="No file is touched there. Forget the record: modelkeep remove --keep-files",
        )


def _movable(library: Library, item: ModelConfigBase | ModelFile) -> str:
    """Return a path for the manifest: in a root as ``root:/path``, since roots can be moved."""
    root, below = library.roots.split(path_to_text(library.path_of(item)))
    if root in {MODELS_ROOT, NO_ROOT} or item.root in {MODELS_ROOT, NO_ROOT}:
        return item.path
    return f"{root}:/{below}"


def _note(entry: TrashEntry, top: Path, planned: Sequence[Move]) -> dict[str, Any]:
    return {
        "folder": str(entry.folder),
        "top": str(top),
        "moves": [move.to_json() for move in planned],
    }


def _place_for(library: Library, original: Path, entry: TrashEntry) -> Path:
    """Return where a model goes back to: its old place unless that is taken."""
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
                hint=f"What is left of the model lies in {shown(entry.folder)}.",
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

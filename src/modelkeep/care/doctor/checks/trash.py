"""The trash: its entries are complete and not expired."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.leftovers import settled_by_its_note
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.care.doctor.tree import ModelsTree
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.disk.moves import Move
from modelkeep.disk.notes import Removal, left_in
from modelkeep.errors import CorruptDatabaseError
from modelkeep.library.freed import freed_bytes
from modelkeep.library.removal import purge
from modelkeep.library.trash import TrashEntry


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every entry has its manifest and all files that this names."""
    for place in library.forgotten_trash:
        yield Finding(
            "trash_forgotten",
            printable(place),
            f"{shown(place)} holds removed models but is not in the state file",
            "doctor --fix adds them to the trash list again.",
            repair=_remember(place),
        )
    entries: list[TrashEntry] = []
    for folder in _folders(library):
        if folder in library.work_folders:
            continue
        if (note := left_in(folder)) is not None:
            yield settled_by_its_note(folder, note)
            continue
        try:
            entry = TrashEntry.read(folder)
        except CorruptDatabaseError as error:
            yield _without_manifest(folder, error)
            continue
        if not entry.is_record_only:
            entries.append(entry)
        yield from _check_entry(library, entry)
    if entries:
        frees = size_text(freed_bytes(path for entry in entries for path in entry.waiting))
        yield Finding(
            "trash_size",
            printable(library.settings.trash_dir),
            f"{_counted(len(entries))} in the trash; emptying it frees {frees}",
            "That happens when space is needed, or with: modelkeep trash empty",
            Severity.NOTE,
        )


def _folders(library: LibraryState) -> Iterator[Path]:
    for parent in library.trash.folders:
        if parent.is_dir() and not parent.is_symlink():
            yield from sorted(p for p in parent.iterdir() if p.is_dir() and not p.is_symlink())


def _check_entry(library: LibraryState, entry: TrashEntry) -> Iterator[Finding]:
    waiting = {place for place in entry.waiting if os.path.lexists(place)}
    lost = len(entry.names) - len(waiting)
    if entry.key in (library.models or {}) and waiting:
        ends = zip(entry.waiting, entry.origins, strict=True)
        if not any(_is_other(origin, place) for place, origin in ends if place in waiting):
            yield Finding(
                "half_removed",
                printable(entry.folder),
                f"{entry.name} ({entry.key[:8]}) is in the catalogue, and {len(waiting)} of its"
                f" files are in the trash: its removal was interrupted",
                "doctor --fix puts them back where they were.",
                repair=_put_back(entry),
            )
            return
    if lost and not waiting:
        yield Finding(
            "trash_incomplete",
            printable(entry.folder),
            f"{entry.name} has no files left in {shown(entry.folder)}",
            "doctor --fix removes the entry.",
            repair=_remove(entry.folder),
        )
    elif lost:
        yield Finding(
            "trash_incomplete",
            printable(entry.folder),
            f"{lost} of {len(entry.names)} files of {entry.name} are gone from the trash, so it"
            " cannot be restored",
            f"The others are in {shown(entry.folder / 'files')}; modelkeep trash empty deletes"
            " them.",
        )
    elif entry.expires_at <= time.time():
        yield Finding(
            "trash_expired",
            printable(entry.folder),
            f"{entry.name} has reached its time limit in the trash; deleting it frees"
            f" {size_text(entry.frees)}",
            "doctor --fix or the next start deletes it for good.",
            Severity.NOTE,
            repair=lambda tools: purge(tools.library, entry),
        )


def _counted(models: int) -> str:
    return "1 model is" if models == 1 else f"{models} models are"


def _is_other(origin: Path, place: Path) -> bool:
    """Return whether another file is at the old path of a file, not a second name of it."""
    return os.path.lexists(origin) and not os.path.samestat(origin.lstat(), place.lstat())


def _without_manifest(folder: Path, error: CorruptDatabaseError) -> Finding:
    tree = ModelsTree(folder.parent)
    tree.enter(folder)
    files = [path for path in tree.files if path.parent != folder]
    hint = f"Its files are in {shown(folder / 'files')}: move them where you want them."
    return Finding(
        "trash_incomplete",
        printable(folder),
        str(error),
        hint if files else "It holds no files. doctor --fix removes it.",
        repair=None if files else _remove(folder),
    )


def _remember(place: Path) -> Repair:
    return lambda tools: tools.library.state.add_trash_place(path_to_text(place))


def _remove(folder: Path) -> Repair:
    return lambda _tools: paths.remove_tree(folder, folder.parent)


def _put_back(entry: TrashEntry) -> Repair:
    """Roll a removal back, journalled as the removal it was."""

    def put_back(tools: RepairTools) -> None:
        moves = [
            Move(origin, place, place.lstat().st_ino)
            for place, origin in zip(entry.waiting, entry.origins, strict=True)
            if os.path.lexists(place)
        ]
        note = Removal(entry.key, entry.folder, entry.top, tuple(moves))
        with tools.library.journalled(note):
            note.roll_back()

    return put_back


CHECK = Check("trash", position=80, find=_find)

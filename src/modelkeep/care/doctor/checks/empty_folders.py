"""Empty folders that removed models left in ``models_dir``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.care.doctor.tree import ModelsTree
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.disk.notes import FOREIGN_STAGING, FOREIGN_TRASH
from modelkeep.errors import JobError


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every folder in ``models_dir`` has a file in it or below it, and so have ours in roots."""
    top = library.tree.top
    found = [(folder, below, top) for folder, below in _empty(library.tree).items()]
    found += [(folder, [folder], folder.parent) for folder in _ours_in_roots(library)]
    for folder, below, stop in found:
        yield Finding(
            "empty_folder",
            printable(folder),
            f"{shown(folder)} is empty",
            "doctor --fix removes it.",
            Severity.NOTE,
            repair=_remove(below, stop),
        )


def _ours_in_roots(library: LibraryState) -> list[Path]:
    """Return the empty folders for staging and trash in registered roots."""
    roots = library.settings.named_roots().named.values()
    names = (FOREIGN_STAGING, FOREIGN_TRASH)
    places = [root.path / name for root in roots if not root.is_readonly for name in names]
    there = [place for place in places if place.is_dir() and not place.is_symlink()]
    return [place for place in there if not any(place.iterdir())]


def _empty(tree: ModelsTree) -> dict[Path, list[Path]]:
    """Return the highest empty folders, each with itself and those in it."""
    full = {folder for path in (*tree.files, *tree.closed) for folder in path.parents}
    full |= set(tree.closed)
    found: dict[Path, list[Path]] = {}
    top_of: dict[Path, Path] = {}
    for folder in tree.folders:
        if folder not in full:
            top_of[folder] = top_of.get(folder.parent, folder)
            found.setdefault(top_of[folder], []).append(folder)
    return found


def _remove(folders: list[Path], stop: Path) -> Repair:
    def remove(tools: RepairTools) -> None:
        if tools.library.state.journal.entries():
            raise JobError(
                "a change is in progress that may need the folder",
                hint="Wait until it ends, then run doctor --fix again.",
            )
        for folder in reversed(folders):
            paths.remove_empty_folders(folder, stop)

    return remove


CHECK = Check("empty_folders", position=150, find=_find)

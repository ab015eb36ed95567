"""Empty folders: what is left in ``models_dir`` of models that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.patient import Patient
from modelkeep.care.doctor.tree import Tree
from modelkeep.care.doctor.workshop import Workshop
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.disk import paths
from modelkeep.errors import JobError


def check_empty_folders(patient: Patient) -> Iterator[Finding]:
    """Every folder in ``models_dir`` has a file in it or below it."""
    for folder, below in _empty(patient.tree).items():
        yield Finding(
            "empty_folder",
            printable(folder),
            f"{shown(folder)} is empty",
            "doctor --fix removes it.",
            Severity.NOTE,
            repair=_remove(below, patient.tree.top),
        )


def _empty(tree: Tree) -> dict[Path, list[Path]]:
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


def _remove(folders: list[Path], models_dir: Path) -> Repair:
    def remove(workshop: Workshop) -> None:
        if workshop.library.state.journal.entries():
            raise JobError(
                "a change is in progress that may need the folder",
                hint="Wait until it has ended, then run doctor --fix again.",
            )
        for folder in reversed(folders):
            paths.remove_empty_folders(folder, models_dir)

    return remove

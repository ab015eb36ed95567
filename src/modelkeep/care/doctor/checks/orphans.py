"""Orphans: files in ``models_dir`` that no record owns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.tree import ModelsTree
from modelkeep.core.commands import command
from modelkeep.core.names import (
    counted,
    is_inside,
    real_path,
    shown,
    size_text,
    text_to_path,
)
from modelkeep.core.reading import printable
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.weight_names import COMPONENT_SUFFIXES
from modelkeep.jobs.left_out import left_out
from modelkeep.library.freed import freed_bytes

_WEIGHTS = COMPONENT_SUFFIXES | {".pb"}


@dataclass
class _Owned:
    """What the records own in ``models_dir``.

    Attributes:
        tops: Where their models are: what lies below a folder among them belongs to it.
    """

    files: set[Path] = field(default_factory=set)
    tops: set[Path] = field(default_factory=set)
    around: set[Path] = field(default_factory=set)

    def add(self, path: Path, models_dir: Path, *, is_top: bool) -> None:
        """Take in a file or a model."""
        if not is_inside(path, models_dir):
            real, home = real_path(path), real_path(models_dir)
            if not is_inside(real, home):
                return
            path = models_dir / real.relative_to(home)
        (self.tops if is_top else self.files).add(path)
        for folder in path.parents:
            if folder in self.around:
                break  # and so are those around it
            self.around.add(folder)

    def has(self, path: Path, *, is_weights: bool) -> bool:
        """Tell whether a file belongs to a record, or is beside it as previews and notes do."""
        if path in self.files or path in self.tops:
            return True
        if is_weights:
            return False
        if any(folder in self.tops for folder in path.parents):
            return True
        beside = (path.with_name(stem) for stem in _stems(path.name))
        return any(
            place.with_name(place.name + suffix) in self.files
            for place in beside
            for suffix in _WEIGHTS
        )


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every file in ``models_dir`` belongs to a record, or is beside one."""
    tree = library.tree
    for folder, reason in tree.closed.items():
        yield Finding(
            "closed_folder",
            printable(folder),
            f"{shown(folder)} cannot be listed: {reason}",
            "Give this user access to it. Its contents were not checked.",
        )
    owned = _owned(library)
    if owned is None:
        return
    removed = _removed(library)
    for unit, files in _units(tree, owned).items():
        if not _is_in_work(library, unit):
            found = _finding(unit, files, tree)
            is_removed = all(not removed.isdisjoint((path, *path.parents)) for path in files)
            yield _without_record(found) if is_removed else found


def _removed(library: LibraryState) -> set[Path]:
    """Return the models in ``models_dir`` that were removed from the library and left there."""
    models = left_out(library.state) if library.state is not None else []
    home = library.settings.models_dir
    return {home / text_to_path(model.path) for model in models if model.root == MODELS_ROOT}


def _without_record(found: Finding) -> Finding:
    """Return the finding for a model that a person removed without its files."""
    hint = f"Its record was removed, its files were kept. {found.hint}"
    return replace(found, hint=hint, severity=Severity.NOTE)


def _owned(library: LibraryState) -> _Owned | None:
    """Return what the records own; None when they cannot be read, and nothing is known."""
    models_dir = library.settings.models_dir
    owned = _Owned()
    if library.records is None or library.models is None:
        return None if library.catalogue.exists() else owned
    roots = library.records.roots
    with_files, alone = set(), set()
    for key, file in library.records.each_file():
        with_files.add(key)
        alone.add((key, file.path))
        if path := roots.locate(file.root, file.path, models_dir):
            owned.add(path, models_dir, is_top=False)
    for key, config in library.models.items():
        if (key, config.path) in alone:  # it is that file, and no folder
            continue
        path = roots.locate(config.root, config.path, models_dir)
        if path and (key not in with_files or path.is_dir()):
            owned.add(path, models_dir, is_top=True)
    return owned


def _units(tree: ModelsTree, owned: _Owned) -> dict[Path, list[Path]]:
    """Group orphans by the highest folder around them that holds nothing of any record."""
    units: dict[Path, list[Path]] = {}
    for path in tree.files:
        if owned.has(path, is_weights=path.suffix.lower() in _WEIGHTS):
            continue
        unit = path
        while unit.parent != tree.top and unit.parent not in owned.around | owned.tops:
            unit = unit.parent
        units.setdefault(unit, []).append(path)
    return units


def _finding(unit: Path, files: list[Path], tree: ModelsTree) -> Finding:
    size = size_text(sum(tree.files[path] for path in files))
    is_model = any(path.suffix.lower() in _WEIGHTS for path in files)
    what = f"{counted(len(files), 'file')}, {size}" if unit in tree.folders else size
    is_one = len(files) == 1 and unit not in tree.folders
    words = ("install", "--inplace") if is_one else ("scan", "--register")
    return Finding(
        "orphan",
        printable(unit),
        f"No record owns {shown(unit)} ({what})",
        f"Record it: {command(*words, unit)}"
        if is_model
        else f"If you do not need it, remove it: that frees {size_text(freed_bytes(files))}.",
        Severity.WARNING if is_model else Severity.NOTE,
    )


def _is_in_work(library: LibraryState, unit: Path) -> bool:
    """Tell whether a change is in progress that has put something there."""
    places = [place for entry in library.entries for place in entry.note.places]
    return any(unit == place or unit in place.parents for place in places)


def _stems(name: str) -> Iterator[str]:
    """Give the beginnings of a name that end before a dot, the longest first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


CHECK = Check("orphans", position=130, find=_find)

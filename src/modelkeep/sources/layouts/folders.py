"""Looking at folders by their names, and paths that programs of other systems wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core.names import full_path, is_inside
from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.layout import Place

#: Folders of version control, which every program leaves out.
NO_MODELS = frozenset({".git"})

_DRIVE = re.compile(r"([A-Za-z]):(?:/|$)")
#: Where the Windows Subsystem for Linux has the drives.
_DRIVES = Path("/mnt")


@dataclass(frozen=True, slots=True)
class Names:
    """The names in one folder.

    Attributes:
        folders: Names of folders, and of links to folders.
        files: All other names.
    """

    folders: frozenset[str] = field(default=frozenset())
    files: frozenset[str] = field(default=frozenset())


def names_in(folder: Path) -> Names:
    """Return the names in a folder.

    One that is not there or may not be read has none: nothing can be recognised in it, and the
    search for models reports why it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, _is_folder(entry)) for entry in entries]
    except (OSError, ValueError):  # ValueError: no path has a NUL
        return Names()
    return Names(
        frozenset(name for name, is_folder in found if is_folder),
        frozenset(name for name, is_folder in found if not is_folder),
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that goes round in circles
        return False


def category_places(
    models: Path, types: Mapping[str, ModelType | None], skip: frozenset[str] = NO_MODELS
) -> list[Place]:
    """Return a place for each folder directly in ``models``, and one for loose files in it.

    Args:
        models: A folder of categories.
        types: What the program takes a category's files for, by its name in lower case. Others
            are places too: extensions bring categories of their own.
        skip: Names of folders that hold no models, here and below.
    """
    names = sorted(name for name in names_in(models).folders if not name.startswith("."))
    places = [
        Place(models / name, name, types.get(name.lower()), skip=skip)
        for name in names
        if name not in skip
    ]
    return [*places, Place(models, recursive=False)]


def shelf(
    names: Sequence[str], places: Iterable[Place], home: Path | None, folder: Path
) -> Path | None:
    """Return the first folder of these names that is there, else the first of them to be made.

    Args:
        names: Categories in which a model belongs, the best first.
        places: Those of the program, the ones that it prefers first.
        home: Where a category is made that is not there; None where the program would not look.
        folder: The result lies in it; None when it would not.
    """
    there: dict[str, Path] = {}
    for place in places:
        if is_inside(place.path, folder):
            there.setdefault(place.category.casefold(), place.path)
    found = next((there[name.casefold()] for name in names if name.casefold() in there), None)
    if found is not None or home is None or not names:
        return found
    return home / names[0] if home == folder or is_inside(home, folder) else None


def named_first(names: Sequence[str], model: str) -> list[str]:
    """Return names of folders, those before the others that occur in the name of a model."""
    words = re.split(r"[^a-z]+", model.casefold())
    return sorted(names, key=lambda name: name.casefold() not in words)


def named_place(path: Path, category: str, kind: ModelType | None, file: Path, top: Path) -> Place:
    """Return the place for a folder that a program's settings name.

    Args:
        path: The folder.
        category: The program's word for it.
        kind: The type its files have; None when the category does not tell.
        file: The settings. They name the program's own folders in ``top`` as well, and of those
            it need not have all.
        top: The program's folder.
    """
    named_by = None if is_inside(path, top) else file
    return Place(path, category, kind, skip=NO_MODELS, named_by=named_by)


def without_repeats(places: list[Place]) -> tuple[Place, ...]:
    """Return the places in their order, each folder once."""
    kept: dict[Path, Place] = {}
    for place in places:
        kept.setdefault(place.path, place)
    return tuple(kept.values())


def can_be_path(text: str) -> bool:
    """Return whether a file can have this name at all: no NUL, nothing that cannot be encoded."""
    try:
        return "\0" not in text and bool(os.fsencode(text))
    except UnicodeEncodeError:
        return False


def foreign_path(text: str, base: Path) -> Path:
    r"""Return the absolute path that ``text``, written on any system, has here.

    Back slashes separate, unless a file of that very name is there. ``D:\models`` is
    ``/mnt/d/models`` where that drive is mounted so; else it leads nowhere, and still says what is
    missing.

    Args:
        text: A path, for which ``can_be_path`` holds.
        base: What a relative path is relative to.
    """
    literal = base / text
    if "\\" in text and not os.path.lexists(literal):
        text = text.replace("\\", "/")
    drive = _DRIVE.match(text)
    if drive is None:
        return full_path(base / text)
    mounted = _DRIVES / drive[1].lower()
    below = text[len(drive[0]) :]
    return full_path(mounted / below if mounted.is_dir() else f"/{drive[0]}{below}")

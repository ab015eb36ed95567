"""Resolves the names and paths given to a scan to folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modelkeep.core.names import full_path, is_inside, shown
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.errors import SourceNotFoundError
from modelkeep.library.library import Library
from modelkeep.scan.scanner import ScanTarget
from modelkeep.sources.layouts.layout import Place, layout_named, load_layouts, recognise

#: What ``scan`` takes for the folder of new models, beside the names of roots.
AUTOIMPORT = "autoimport"
_PLAIN = "plain"


def target_of(folder: Path, layout: str | None = None) -> ScanTarget:
    """Return what is to be scanned of a folder, or of a single file.

    Args:
        folder: An absolute path.
        layout: Name of its layout; recognised when None.

    Raises:
        SourceNotFoundError: nothing is there.
        SettingsError: there is no such layout.
        SourceError: a file that says where the models are cannot be read.
    """
    if not os.path.lexists(folder):
        raise SourceNotFoundError(
            f"{shown(folder)} does not exist", hint="Check the path. Nothing was changed."
        )
    layouts = load_layouts()
    if layout is None and not folder.is_dir():
        layout = _PLAIN
    chosen = recognise(folder, layouts) if layout is None else layout_named(layout, layouts)
    places = chosen.places(folder) if folder.is_dir() else (Place(folder),)
    return ScanTarget(folder, chosen, places)


def narrowed(target: ScanTarget, only: Sequence[Path]) -> ScanTarget:
    """Return what is to be scanned of a folder where only some of its models are wanted.

    Args:
        target: The folder; what its program says of the models counts as before.
        only: Their files and folders.
    """
    return replace(target, places=tuple(_place_of(path, target.places) for path in only))


def _place_of(path: Path, places: Sequence[Place]) -> Place:
    around = [place for place in places if path == place.path or is_inside(path, place.path)]
    nearest = max(around, key=lambda place: len(place.path.parts), default=Place(path))
    return replace(nearest, path=path, named_by=None)


def named_folders(library: Library) -> dict[str, tuple[Path, str]]:
    """Return the folders that have names, each with its layout: roots, and where new models go."""
    settings = library.settings
    found = {MODELS_ROOT: (settings.models_dir, _PLAIN)}
    found |= {name: (root.path, root.layout) for name, root in library.roots.named.items()}
    return {**found, AUTOIMPORT: (settings.autoimport_dir, _PLAIN)}


def targets_of(
    library: Library, what: Path | str | None, layout: str | None
) -> tuple[ScanTarget, ...]:
    """Return what ``what`` means: a folder, the name of a root, or all roots when None.

    A root wins over a folder of the same name; such a folder is written ``./name``.

    Raises:
        SourceNotFoundError: nothing is there.
        SettingsError: there is no such layout.
    """
    folders = named_folders(library)
    if what is None:
        there = [one for one in folders.values() if one[0].is_dir()]
        return tuple(target_of(path, layout or theirs) for path, theirs in there)
    if isinstance(what, str) and what in folders:
        path, theirs = folders[what]
        return (target_of(path, layout or theirs),)
    return (target_of(full_path(what), layout),)

"""Folders of other programs on this machine, where those are usually put."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.reach import readable
from modelkeep.core.names import path_to_text, real_path
from modelkeep.errors import SourceNotFoundError
from modelkeep.sources.layouts.layout import load_layouts

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A folder of another program.

    Attributes:
        path: Where it is.
        layout: Name of the program's layout.
        label: Name of the program, for people.
        root: Name of the root that it is registered as; empty when it is none.
    """

    path: Path
    layout: str
    label: str
    root: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        path = path_to_text(self.path)
        return {"path": path, "layout": self.layout, "label": self.label, "root": self.root}


def found_places(
    manager: ModelManager,
    home: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> list[FoundPlace]:
    """Return the folders of other programs that are where those are usually put.

    Only names are looked at, and only in those folders; no file is opened.

    Args:
        manager: Of the library; its roots are known already.
        home: Of the user; that of this process when None.
        environment: May name other folders.
    """
    roots = {real_path(root.path): name for name, root in manager.records.roots.named.items()}
    found: dict[Path, FoundPlace] = {}
    for layout in load_layouts():
        for folder in layout.usual_folders(home or Path.home(), environment):
            real = real_path(folder)
            if real in found or not (real.is_dir() and layout.recognises(real)):
                continue
            found[real] = FoundPlace(real, layout.name, layout.label, roots.get(real, ""))
    return sorted(found.values(), key=lambda place: (place.label, place.path))


def scannable(manager: ModelManager, text: str) -> Path:
    """Return the file or folder that a page wants to have scanned.

    Beside what requests can read these are the folders of other programs that were found: whoever
    may manage the library may have their models.

    Args:
        manager: Of the library.
        text: A path as ``readable`` takes it.

    Raises:
        SourceNotFoundError: nothing is there that may be scanned.
    """
    try:
        return readable(manager, text)
    except SourceNotFoundError:
        places = {path_to_text(place.path): place.path for place in found_places(manager)}
        if text not in places:
            raise
        return places[text]

"""``Destination``: the folder that models are installed into, and how files get there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from modelkeep.core.names import is_inside, shown
from modelkeep.core.roots import MODELS_ROOT, RootState
from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.disk.notes import FOREIGN_STAGING
from modelkeep.errors import NotWritableError, OfflineRootError, UsageError
from modelkeep.library.library import Library
from modelkeep.settings import Settings
from modelkeep.sources.layouts.layout import Layout, layout_named, load_layouts

#: Layouts that say nothing of where a type belongs.
_FREE = frozenset({"plain"})


class LinkMode(StrEnum):
    """How the files of a local model get into ``models_dir``.

    ``copy`` shares blocks where the file system can and copies elsewhere. ``move`` takes the
    source away once the model is recorded. ``hardlink`` gives the same file a second name.
    ``reflink`` insists on sharing blocks.
    """

    Copy = "copy"
    Move = "move"
    Hardlink = "hardlink"
    Reflink = "reflink"


@dataclass(frozen=True)
class Destination:
    """Where installed models go.

    Attributes:
        top: The folder; everything that an install makes stays below it.
        staging: Where models are put together before they are published, on the same disk.
        layout: How the program arranges models that the root belongs to; None for ours.
    """

    top: Path
    staging: Path
    root: str = MODELS_ROOT
    layout: Layout | None = None

    @classmethod
    def of_settings(cls, settings: Settings) -> Destination:
        """Return ``models_dir``."""
        return cls(settings.models_dir, settings.staging_dir)

    @property
    def is_ours(self) -> bool:
        """It is ``models_dir``."""
        return self.root == MODELS_ROOT

    def folder_for(self, base: BaseModelType, kind: ModelType) -> Path:
        """Return the folder for models of this kind; it may not exist yet.

        Raises:
            UsageError: the program that arranged the root has none for it.
        """
        if self.layout is None:
            return self.top / base / kind
        places = [
            place.path
            for place in self.layout.places(self.top)
            if place.type is kind and place.category and is_inside(place.path, self.top)
        ]
        if not places:
            raise UsageError(
                f"The root {self.root} ({self.layout.label}) has no folder for"
                f" {type_label(kind)} models",
                hint=f"Create the folder that the program uses in {shown(self.top)}, or"
                " choose another root.",
            )
        return places[0]


def destination_of(library: Library, root: str | None) -> Destination:
    """Return the destination for installs into a root.

    Args:
        library: Whose roots are meant.
        root: Name of the root; None is ``models_dir``.

    Raises:
        UsageError: no root is called that.
        NotWritableError: nothing may be written in it.
        OfflineRootError: it is not there.
    """
    if root is None or root == MODELS_ROOT:
        return Destination.of_settings(library.settings)
    known = library.settings.named_roots().named
    found = known.get(root)
    if found is None:
        names = ", ".join([MODELS_ROOT, *known])
        raise UsageError(f"No root is called {root!r}", hint=f"Roots are: {names}")
    if found.is_readonly:
        raise NotWritableError(
            f"The root {found.name} is read-only",
            hint=f"The setting roots.{found.name}.readonly in"
            f" {shown(library.settings.settings_path)} is set. Choose another root.",
        )
    if library.root_state(found.name) is RootState.OFFLINE:
        presence = library.presence
        raise OfflineRootError(
            f"The root {found.name} is offline. {presence.why_offline(found.name)}",
            hint=presence.hint_for(found.name),
        )
    layout = None if found.layout in _FREE else layout_named(found.layout, load_layouts())
    return Destination(found.path, found.path / FOREIGN_STAGING, found.name, layout)

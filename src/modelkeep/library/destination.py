"""``Destination``: the folder that models are installed into, and how files get there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.core.roots import MODELS_ROOT, Root, RootState
from modelkeep.core.taxonomy import ModelType, type_label
from modelkeep.disk.notes import FOREIGN_STAGING
from modelkeep.errors import NotWritableError, OfflineRootError, UsageError
from modelkeep.library.library import Library
from modelkeep.settings import Settings
from modelkeep.sources.layouts.layout import Layout, ModelTraits, layout_named, load_layouts

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
        others: Where else models can go.
    """

    top: Path
    staging: Path
    root: str = MODELS_ROOT
    layout: Layout | None = None
    others: tuple[Destination, ...] = ()

    @classmethod
    def of_settings(cls, settings: Settings) -> Destination:
        """Return ``models_dir``."""
        return cls(settings.models_dir, settings.staging_dir)

    @property
    def is_ours(self) -> bool:
        """It is ``models_dir``."""
        return self.root == MODELS_ROOT

    def folder_for(self, model: ModelTraits) -> Path:
        """Return the folder for such models; it may not exist yet.

        Raises:
            UsageError: the program that arranged the root has none for it; names roots that have.
        """
        if self.layout is None:
            return self.top / model.base / model.type
        found = self.layout.folder_for(self.top, model)
        if found is None:
            choices = ", ".join(each.root for each in self.others if each.has_folder_for(model))
            raise UsageError(
                f"The root {self.root} ({self.layout.label}) has no folder for"
                f" {_words_of(model)} in {shown(self.top)}",
                hint=f"Choose another root with --to: {choices}.",
            )
        return found

    def has_folder_for(self, model: ModelTraits) -> bool:
        """Tell whether such models can go here."""
        return self.layout is None or self.layout.folder_for(self.top, model) is not None


def _words_of(model: ModelTraits) -> str:
    """Return what models are called that programs have folders of their own for."""
    if model.type is not ModelType.Main:
        return f"{type_label(model.type)} models"
    return {"denoiser": "diffusion models", "diffusers": "diffusers folders"}.get(
        model.kind, "checkpoints"
    )


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
    ours = Destination.of_settings(library.settings)
    others = (
        _in_root(each)
        for each in known.values()
        if each is not found and not each.is_readonly and each.path.is_dir()
    )
    return replace(_in_root(found), others=(ours, *others))


def _in_root(root: Root) -> Destination:
    layout = None if root.layout in _FREE else layout_named(root.layout, load_layouts())
    return Destination(root.path, root.path / FOREIGN_STAGING, root.name, layout)

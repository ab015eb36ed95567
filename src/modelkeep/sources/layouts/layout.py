"""``Layout``: how one program arranges its models on the disk, and which layouts there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from modelkeep.core.names import is_inside
from modelkeep.core.plugins import PluginKind
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import SettingsError
from modelkeep.sources.sidecars.info import SidecarInfo

#: Where people put programs: relative to their home folder, or absolute.
_ABOVE = (
    "", "AI", "ai", "Apps", "apps", "Documents", "Desktop", "Downloads", "Projects", "projects",
    "git", "src", "/opt", "/srv", "/workspace",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One folder that a program searches for models.

    Attributes:
        path: The folder; absolute. It may not be there, and may lie outside the scanned folder.
        category: The program's own name for it, such as ``loras``; empty when it has none.
        type: The type its files have; None when the category does not tell.
        recursive: The folders below it are searched too.
        skip: Names of folders below it that hold no models.
        named_by: The file of the program that names it; None for a folder of the program's own.
    """

    path: Path
    category: str = ""
    type: ModelType | None = None
    recursive: bool = True
    skip: frozenset[str] = field(default=frozenset())
    named_by: Path | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What decides in which of a program's folders a model belongs.

    Attributes:
        name: Of its file or folder.
        is_folder: It is a folder, as diffusers writes them.
        part: What its file holds, see ``FileForm``.
    """

    type: ModelType
    base: BaseModelType
    name: str = ""
    is_folder: bool = False
    part: str = ""

    @property
    def kind(self) -> str:
        """Its type, or a narrower word where programs have a folder of their own for it.

        These are ``diffusers``, ``denoiser`` and ``checkpoint`` of main models, ``tiny vae``, and
        ``latent upscaler`` of the upscalers of one base.
        """
        if self.type is ModelType.Main:
            return self.part or ("diffusers" if self.is_folder else "checkpoint")
        if self.type is ModelType.Vae and self.part == "tiny vae":
            return self.part
        is_latent = self.base not in {BaseModelType.Any, BaseModelType.Unknown}
        if self.type is ModelType.Upscaler and is_latent:
            return "latent upscaler"
        return self.type.value


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that a program has in a catalogue of its own.

    Attributes:
        path: Its file or folder; absolute.
        info: What the catalogue states about it.
        revision: The commit it was taken from, where its source has commits.
    """

    path: Path
    info: SidecarInfo
    revision: str | None = None


def ignore(warning: str) -> None:
    """Drop a warning."""
    del warning


class Layout(ABC):
    """One program's way of arranging models. Nothing here writes.

    Attributes:
        name: As in the setting ``roots`` (``comfyui``, ``a1111`` ...).
        label: Name of the program, for people.
        order: Layouts are tried in this order; smaller is earlier.
        usual: Where people put the program, relative to their home folder and to those below it
            that are for programs.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[int] = 50
    usual: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def recognises(self, folder: Path) -> bool:
        """Return whether a folder has this layout, from names of files and folders alone."""

    @abstractmethod
    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return where the models are.

        Raises:
            SourceError: a file with their places cannot be read; names file and line.
        """

    def remarks(self, folder: Path) -> Iterable[str]:
        """Yield what the user should correct in the files that name places; nothing by default.

        Raises:
            SourceError: such a file cannot be read; names file and line.
        """
        del folder
        return ()

    def usual_folders(self, home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
        """Yield the folders where the program may be on a machine; few of them are there.

        Args:
            home: Of the user.
            environment: May name other ones.
        """
        del environment
        for above in _ABOVE:
            for name in self.usual:
                yield home / above / name

    def type_of(self, place: Place, name: str) -> ModelType | None:
        """Return the type that the program expects of a file of this name in ``place``."""
        del name
        return place.type

    def folder_for(self, folder: Path, model: ModelTraits) -> Path | None:
        """Return the folder in which the program looks for such a model; it may not exist yet.

        None where the program has none for it, or none within ``folder``.

        Raises:
            SourceError: as ``places``.
        """
        fitting = (
            place.path
            for place in self.places(folder)
            if place.type is model.type and place.category and is_inside(place.path, folder)
        )
        return next(fitting, None)

    def known(self, folder: Path, warn: Callable[[str], None] = ignore) -> Iterable[KnownModel]:
        """Yield the models in the program's own catalogue; none by default.

        Args:
            folder: The folder that is scanned.
            warn: Takes a sentence about each part that had to be left out.

        Raises:
            SourceError: there is a catalogue and it cannot be read.
        """
        del folder, warn
        return ()


#: A layout is a module here with a ``Layout`` named ``LAYOUT``. Installed packages name such a
#: module, or the instance, as an entry point of the group.
LAYOUTS: PluginKind[Layout] = PluginKind(
    "layout", Layout, "LAYOUT", package="modelkeep.sources.layouts", group="modelkeep.layouts"
)


def load_layouts(*folders: Path) -> tuple[Layout, ...]:
    """Return all layouts, in the order in which they are tried.

    Args:
        folders: Folders whose ``*.py`` files are layouts too.
    """
    found = LAYOUTS.load(*folders)
    return tuple(sorted(found, key=lambda layout: (layout.order, layout.name)))


def recognise(folder: Path, layouts: Iterable[Layout]) -> Layout:
    """Return the first layout that a folder has.

    Args:
        folder: An absolute path.
        layouts: As ``load_layouts`` gives them.

    Raises:
        SettingsError: none of them recognises it; with ``plain`` among them one always does.
    """
    for layout in layouts:
        if layout.recognises(folder):
            return layout
    raise SettingsError(
        f"{printable(folder)} matches no known layout",
        hint="Pass the layout of the folder, such as: plain",
    )


def layout_named(name: str, layouts: Iterable[Layout]) -> Layout:
    """Return the layout with this name.

    Raises:
        SettingsError: there is none.
    """
    by_name = {layout.name: layout for layout in layouts}
    if name not in by_name:
        raise SettingsError(
            f"{name!r} is not a layout", hint=f"Use one of: {', '.join(sorted(by_name))}"
        )
    return by_name[name]

"""``Layout``: how one program arranges its models on the disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.sidecars.info import SidecarInfo


@dataclass(frozen=True, slots=True)
class Place:
    """One folder that a program searches for models.

    Attributes:
        path: The folder; absolute. It may not be there, and may lie outside the scanned folder.
        category: The program's own word for it, such as ``loras``; empty when it has none.
        type: What the program takes its files for; None when the word does not say.
        recursive: The folders below it are searched too.
        skip: Names of folders below it that hold no models.
    """

    path: Path
    category: str = ""
    type: ModelType | None = None
    recursive: bool = True
    skip: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that a program has in a catalogue of its own.

    Attributes:
        path: Its file or folder; absolute.
        info: What the catalogue says of it.
        revision: The commit it was taken from, where its source has commits.
    """

    path: Path
    info: SidecarInfo
    revision: str | None = None


def ignore(remark: str) -> None:
    """Take a remark that nobody asked for."""
    del remark


class Layout(ABC):
    """One program's way of arranging models. Nothing here writes.

    Attributes:
        name: As in the setting ``roots`` (``comfyui``, ``a1111`` ...).
        label: What people call the program.
        order: Layouts are asked in this order whether a folder is theirs; smaller is earlier.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[int] = 50

    @abstractmethod
    def recognises(self, folder: Path) -> bool:
        """Tell whether a folder is arranged like this, from names of files and folders alone."""

    @abstractmethod
    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return where the models are.

        Raises:
            SourceError: a file that says where they are cannot be read; names file and line.
        """

    def type_of(self, place: Place, name: str) -> ModelType | None:
        """Return what the program takes a file of this name in ``place`` for."""
        del name
        return place.type

    def known(self, folder: Path, tell: Callable[[str], None] = ignore) -> Iterable[KnownModel]:
        """Give what the program's own catalogue says of its models; nothing by default.

        Args:
            folder: The folder that is scanned.
            tell: Takes a sentence for people about each part that had to be left out.

        Raises:
            SourceError: there is a catalogue and it cannot be read.
        """
        del folder, tell
        return ()

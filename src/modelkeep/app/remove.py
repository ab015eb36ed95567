"""Removing models: the affected files and the results."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core import limits
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.errors import UsageError
from modelkeep.library.ownership import owned_files

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase


@dataclass(frozen=True, slots=True)
class RemovalMode:
    """How models are removed.

    Attributes:
        keep_files: Only the record goes.
        everywhere: Also delete files outside the models folder.
        now: Past the trash.
    """

    keep_files: bool = False
    everywhere: bool = False
    now: bool = False

    def __post_init__(self) -> None:
        if self.keep_files and (self.everywhere or self.now):
            raise UsageError(
                "--keep-files cannot be used with --files or --now", hint="Choose one of them."
            )

    @property
    def destination(self) -> str:
        """Where the files go, in a word or two."""
        return "for good" if self.now else "the record only" if self.keep_files else "to the trash"


@dataclass(frozen=True, slots=True)
class RemovedModel:
    """The result for one model, or the planned one.

    Attributes:
        files: Those that went, or would go, with their sizes in bytes.
    """

    key: str
    name: str
    files: tuple[tuple[Path, int], ...]
    fate: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"key": self.key, "files": [path_to_text(path) for path, _ in self.files]}

    def __str__(self) -> str:
        files = [f"  {shown(path)}  {size_text(size)}" for path, size in self.files]
        return "\n".join([f"{self.name}: {self.fate}", *files])


def preview(manager: ModelManager, model: ModelConfigBase, mode: RemovalMode) -> RemovedModel:
    """Return what removing a model would do; nothing is changed."""
    files = tuple(_files(manager, model, mode))
    return RemovedModel(model.key, model.name, files, "would be removed")


def remove(manager: ModelManager, model: ModelConfigBase, mode: RemovalMode) -> RemovedModel:
    """Remove a model; its files go to the trash, unless ``mode`` says otherwise.

    Raises:
        ModelKeepError: it cannot be removed; says why.
    """
    installer = manager.installer
    if mode.keep_files:
        installer.unregister(model.key)
        return RemovedModel(model.key, model.name, (), "record removed; its files stay")
    sizes = dict(_files(manager, model, mode))
    entry = installer.remove(model.key, everywhere=mode.everywhere)
    if entry is None:
        fate = "record removed; its files are outside the library and stay"
        return RemovedModel(model.key, model.name, (), fate)
    files = tuple((path, sizes.get(path, 0)) for path in entry.origins)
    if not files:
        fate = "record removed; its files were already gone"
    elif mode.now:
        fate = "deleted"
    else:
        fate = f"in the trash for {limits.TRASH_DAYS} days"
    if mode.now or not files:
        installer.purge(entry)
    return RemovedModel(model.key, model.name, files, fate)


def _files(
    manager: ModelManager, model: ModelConfigBase, mode: RemovalMode
) -> list[tuple[Path, int]]:
    library = manager.installer.library
    place = library.find(model)
    if place is None or mode.keep_files or not (mode.everywhere or library.is_ours(place)):
        return []
    owned = owned_files(library.records, model, library.settings.models_dir)
    located = [(library.path_of(file), file.size) for file in owned]
    return [(path, size) for path, size in located if os.path.lexists(path)]

"""Removing models: the affected files and the results."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core import limits
from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.names import counted, full_path, path_to_text, shown, size_text
from modelkeep.errors import UnknownModelException, UsageError
from modelkeep.library.freed import freed_bytes
from modelkeep.library.ownership import owned_files, removable
from modelkeep.library.removal import goes_with_record

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.library.trash import TrashEntry

#: Shorter prefixes of a key are taken for names.
_PREFIX_LENGTH = 4


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
        kept: Those that stay where they are, likewise.
        frees: Bytes that the disk has more once they are gone for good.
        fate: What became of it, as a sentence without its name.
        note: What people should know beside.
    """

    key: str
    name: str
    files: tuple[tuple[Path, int], ...]
    kept: tuple[tuple[Path, int], ...]
    frees: int
    fate: str
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "key": self.key,
            "name": self.name,
            "files": [path_to_text(path) for path, _ in self.files],
            "bytes": _total(self.files),
            "frees": self.frees,
            "kept_files": [path_to_text(path) for path, _ in self.kept],
        }

    def __str__(self) -> str:
        files = [f"  {shown(path)}  {size_text(size)}" for path, size in self.files]
        note = [f"  {self.note}"] if self.note else []
        return "\n".join([f"{self.name}: {self.fate}", *files, *note])


@dataclass(frozen=True, slots=True)
class Removable:
    """A model that can be removed.

    Attributes:
        removed: Where only its files are left, the trash entry with what its record said.
    """

    config: ModelConfigBase
    removed: TrashEntry | None = None

    @property
    def key(self) -> str:
        """Key of the record."""
        return self.config.key

    @property
    def name(self) -> str:
        """Name of the record."""
        return self.config.name


def find(manager: ModelManager, name: str, mode: RemovalMode) -> Removable:
    """Return the model that a person means, also by the path of one that was removed.

    With ``mode.everywhere`` that may be one whose record went earlier, and whose files stayed.

    Raises:
        UnknownModelException: nothing is called that.
        DuplicateModelException: several models are.
    """
    try:
        return Removable(manager.find(name))
    except UnknownModelException:
        if not mode.everywhere:
            raise
        entry = _left_behind(manager, name)
        if entry is None:
            raise
        config: ModelConfigBase = ModelConfigFactory.make_config(entry.record)
        return Removable(config, entry)


def preview(manager: ModelManager, model: Removable, mode: RemovalMode) -> RemovedModel:
    """Return what removing a model would do; nothing is changed."""
    going, kept = _files(manager, model, mode)
    frees, note = _freed(manager, model, going), ""
    if not going:
        where = "be deleted" if mode.now else "go to the trash"
        fate = f"its record would {where}{_stay(kept)}"
    elif mode.now:
        fate = f"its record and {_counted(going)} would be deleted"
        note = _freeing(frees, going, "That would free")
    else:
        fate = f"its record and {_counted(going)} would go to the trash"
        note = _freeing(frees, going, "Emptying the trash would then free")
    return RemovedModel(model.key, model.name, going, kept, frees, fate, note)


def remove(manager: ModelManager, model: Removable, mode: RemovalMode) -> RemovedModel:
    """Remove a model; its files go to the trash, unless ``mode`` says otherwise.

    Raises:
        ModelKeepError: it cannot be removed; says why.
    """
    installer = manager.installer
    going, kept = _files(manager, model, mode)
    frees, note = _freed(manager, model, going), ""
    if model.removed is not None:
        installer.restore(model.key)
    entry = installer.remove(model.key, everywhere=mode.everywhere, keep_files=mode.keep_files)
    sizes = dict(going)
    files = tuple((path, sizes.get(path, 0)) for path in entry.origins)
    if mode.now:
        installer.purge(entry)
        fate = "deleted" if files else f"record deleted{_stay(kept)}"
        note = _freeing(frees, going, "Freed") if files else ""
    elif files:
        fate = f"in the trash for {limits.TRASH_DAYS} days"
    else:
        fate = f"record removed{_stay(kept) or '; its files were already gone'}"
        note = f"Undo with: {command('trash', 'restore', model.key[:8])}"
    return RemovedModel(model.key, model.name, files, kept, frees, fate, note)


def _left_behind(manager: ModelManager, name: str) -> TrashEntry | None:
    """Return the trash entry of a model whose record was removed alone, by key, name or path."""
    path = full_path(name)
    entries = [entry for entry in manager.installer.trash() if entry.is_record_only]
    fits = [e for e in entries if name in {e.key, e.name} or e.top == path]
    near = [e for e in entries if len(name) >= _PREFIX_LENGTH and e.key.startswith(name)]
    found = {entry.key: entry for entry in fits or near}
    return next(iter(found.values())) if len(found) == 1 else None


_Files = tuple[tuple[Path, int], ...]


def _files(manager: ModelManager, model: Removable, mode: RemovalMode) -> tuple[_Files, _Files]:
    """Return the files of a model that go, and those that stay."""
    library = manager.installer.library
    if model.removed is not None:
        owned = list(model.removed.files)
    elif library.find(model.config) is None:
        owned = []
    else:
        owned = owned_files(library.records, model.config, library.settings.models_dir)
    located = [(library.find(file), file.size) for file in owned]
    there = tuple((p, size) for p, size in located if p is not None and os.path.lexists(p))
    is_going = not mode.keep_files and goes_with_record(
        library, model.config, everywhere=mode.everywhere
    )
    return (there, ()) if is_going else ((), there)


def _freed(manager: ModelManager, model: Removable, going: _Files) -> int:
    """Return the bytes that the disk has more without these files."""
    top = manager.installer.library.find(model.config)
    return freed_bytes(removable(top, path) for path, _ in going) if top is not None else 0


def _total(files: _Files) -> int:
    return sum(size for _, size in files)


def _counted(files: _Files) -> str:
    return f"{counted(len(files), 'file')} ({size_text(_total(files))})"


def _stay(kept: _Files) -> str:
    if not kept:
        return ""
    verb = "stays" if len(kept) == 1 else "stay"
    return f"; {_counted(kept)} {verb} where {'it is' if len(kept) == 1 else 'they are'}"


def _freeing(frees: int, going: _Files, begin: str) -> str:
    """Return what a removal frees, and why that is less than the files have."""
    text = f"{begin} {size_text(frees)}"
    if frees >= _total(going):
        return f"{text}."
    if any(path.is_symlink() for path, _ in going):
        return f"{text}: what links lead to stays."
    return f"{text}: the rest has other names, or takes no room."

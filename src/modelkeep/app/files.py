"""The files of one model, as other programs fetch them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core.names import is_inside, path_to_text, real_path, shown
from modelkeep.core.reading import LocalFile
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.errors import SourceNotFoundError, UnreadableSourceError
from modelkeep.library.ownership import owned_files

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.core.files import ModelFile


@dataclass(frozen=True, slots=True)
class OwnedFile:
    """A file that a record owns.

    Attributes:
        name: Its path below the model's folder; of a model of one file, the name of the file.
        path: Where it is.
        row: What the catalogue knows of it.
    """

    name: str
    path: Path
    row: ModelFile

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": self.name,
            "size": self.row.size,
            "modified": self.row.mtime_ns / 1e9,
            "sha256": self.row.sha256,
            "blake3": self.row.blake3,
        }


class OpenedFile(LocalFile):
    """A file of a model, open for reading.

    Attributes:
        owned: Which one it is.
        sha256: Its full hash; None where none is known of these bytes.
        tag: Names these bytes: the hash or, without one, a digest of size, times and place.
        modified: When it was last changed, seconds since the epoch.
    """

    def __init__(self, owned: OwnedFile) -> None:
        super().__init__(owned.path)
        self.owned = owned
        now = os.fstat(self.fileno())
        self.is_as_recorded = owned.row.is_unchanged(now)
        self.sha256 = owned.row.sha256 if self.is_as_recorded else None
        self.tag = self.sha256 or _digest(now)
        self.modified = now.st_mtime


def files_of(manager: ModelManager, config: ModelConfigBase) -> tuple[OwnedFile, ...]:
    """Return the files that a record owns, sorted by name.

    Raises:
        OfflineRootError: its root is not there.
        UnsafePathError: it names a folder with more files than any model has.
    """
    library = manager.installer.library
    top = library.reach(config)
    rows = owned_files(manager.records, config, manager.settings.models_dir)
    return tuple(sorted(_named(manager, top, rows), key=lambda file: file.name))


def open_file(manager: ModelManager, config: ModelConfigBase, name: str) -> OpenedFile:
    """Open a file of a model by its name.

    Raises:
        SourceNotFoundError: the model has no such file, or it is not there.
        UnreadableSourceError: it is no regular file, or a link that leads out of its root.
        OfflineRootError: its root is not there.
    """
    for file in files_of(manager, config):
        if file.name == name:
            return open_owned(manager, config, file)
    raise SourceNotFoundError(
        f"The model {config.name} has no file {name!r}",
        hint="Ask for the list of its files.",
    )


def open_owned(manager: ModelManager, config: ModelConfigBase, file: OwnedFile) -> OpenedFile:
    """Open a file of a model.

    What was recorded is opened wherever a link leads. A file that has changed since has to lie in
    the root of the model.

    Raises:
        SourceNotFoundError: it is not there.
        UnreadableSourceError: it is no regular file, or a link that leads out of its root.
    """
    opened = OpenedFile(file)
    if opened.is_as_recorded or is_inside(real_path(file.path), _home(manager, config)):
        return opened
    opened.close()
    raise UnreadableSourceError(
        f"{shown(file.path)} is not the file that was recorded, and leads out of its root",
        hint="Look at the model with: modelkeep verify MODEL",
    )


def _home(manager: ModelManager, config: ModelConfigBase) -> Path:
    """Return the folder that the changed files of a model have to lie in."""
    if config.root == MODELS_ROOT:
        return real_path(manager.settings.models_dir)
    root = manager.records.roots.named.get(config.root)
    top = root.path if root is not None else manager.path_of(config)
    return real_path(top if root is not None or top.is_dir() else top.parent)


def _named(manager: ModelManager, top: Path, rows: list[ModelFile]) -> Iterator[OwnedFile]:
    library = manager.installer.library
    for row in rows:
        path = library.path_of(row)
        if path == top:
            yield OwnedFile(path_to_text(Path(top.name)), path, row)
        elif is_inside(path, top):
            yield OwnedFile(path_to_text(path.relative_to(top)), path, row)


def _digest(now: os.stat_result) -> str:
    facts = f"{now.st_size} {now.st_mtime_ns} {now.st_ctime_ns} {now.st_ino} {now.st_dev}"
    return hashlib.sha256(facts.encode()).hexdigest()[:40]

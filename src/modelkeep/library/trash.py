"""The trash: removed models, kept for seven days or until space is needed.

Each entry is a folder with the files of one model and a ``manifest.json`` that says what they
were. It lies on the file system of the files, so that removing is renaming.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelkeep.core import limits
from modelkeep.core.files import ModelFile
from modelkeep.core.names import path_to_text, real_path, safe_name, shown
from modelkeep.core.roots import Roots
from modelkeep.disk import paths
from modelkeep.disk.filesystems import can_rename
from modelkeep.disk.notes import FOREIGN_TRASH
from modelkeep.errors import CorruptDatabaseError, SourceNotFoundError
from modelkeep.library.freed import freed_bytes

MANIFEST = "manifest.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """One removed model.

    Attributes:
        folder: Where its files wait.
        top: Where the model was.
        names: Names below ``top`` (empty for ``top`` itself) of its files, or of links that led
            to them; what had the Nth of them waits here as ``files/N``.
        removed_at: Seconds since the epoch.
        metadata: Metadata of a site, as JSON text; None when there is none.
        loaded_at: When it was last loaded, seconds since the epoch; None for never.
    """

    folder: Path
    record: dict[str, Any]
    top: Path
    names: tuple[str, ...]
    files: tuple[ModelFile, ...]
    removed_at: float
    metadata: str | None = None
    tags: tuple[str, ...] = ()
    loaded_at: float | None = None

    @property
    def key(self) -> str:
        """Key of the record."""
        return str(self.record["key"])

    @property
    def name(self) -> str:
        """Name of the record."""
        return str(self.record["name"])

    @property
    def origins(self) -> list[Path]:
        """Where each of ``names`` was."""
        return [place_of(self.top, name) for name in self.names]

    @property
    def waiting(self) -> list[Path]:
        """Where each of ``names`` is now."""
        return [self.folder / "files" / str(number) for number in range(len(self.names))]

    @property
    def is_record_only(self) -> bool:
        """Its files stayed where they were, or were gone already."""
        return not self.names

    @property
    def size(self) -> int:
        """Bytes of its files; none of them may have been there any more."""
        return sum(file.size for file in self.files) if self.names else 0

    @property
    def frees(self) -> int:
        """Bytes that the disk has more once it is removed for good; see ``freed_bytes``."""
        return freed_bytes(self.waiting)

    @property
    def expires_at(self) -> float:
        """When it is removed for good, seconds since the epoch."""
        return self.removed_at + limits.TRASH_DAYS * 86_400

    def to_json(self) -> dict[str, Any]:
        """Return what ``trash list --json`` prints."""
        return {
            "key": self.key,
            "name": self.name,
            "type": self.record["type"],
            "base": self.record["base"],
            "size": self.size,
            "frees": self.frees,
            "files": [path_to_text(path) for path in self.origins],
            "removed_at": self.removed_at,
            "expires_at": self.expires_at,
        }

    def write(self) -> None:
        """Write the manifest; the folder is made."""
        data = {
            "record": self.record,
            "files": [{name: getattr(f, name) for name in _FILE_FIELDS} for f in self.files],
            "top": str(self.top),
            "names": self.names,
            "removed_at": self.removed_at,
            "metadata": self.metadata,
            "tags": self.tags,
            "loaded_at": self.loaded_at,
        }
        paths.write_file(self.folder / MANIFEST, json.dumps(data, indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> TrashEntry:
        """Read the entry in ``folder``.

        Raises:
            CorruptDatabaseError: its manifest is missing or damaged.
        """
        try:
            data = json.loads((folder / MANIFEST).read_bytes())
            names = tuple(map(str, data["names"]))
            for name in names:
                _refuse_leaving(name)
            return cls(
                folder=folder,
                record=data["record"],
                top=Path(data["top"]),
                names=names,
                files=tuple(ModelFile(**file) for file in data["files"]),
                removed_at=float(data["removed_at"]),
                metadata=data["metadata"],
                tags=tuple(map(str, data.get("tags", ()))),
                loaded_at=_time_or_none(data.get("loaded_at")),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptDatabaseError(
                f"{shown(folder)} has no readable manifest: {error}",
                hint="Its files are still in that folder. Move them where you want them.",
            ) from error


def _time_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


_FILE_FIELDS = tuple(ModelFile.__dataclass_fields__)


@dataclass
class Trash:
    """The trash folders of one root.

    Attributes:
        home: The one in ``models_dir``.
    """

    home: Path
    places: list[Path] = field(default_factory=list)
    roots: Roots = field(default_factory=Roots)

    def plan(
        self,
        record: dict[str, Any],
        top: Path,
        files: Sequence[ModelFile],
        removed: Iterable[Path],
        metadata: str | None,
    ) -> TrashEntry:
        """Plan the removal of a model; changes nothing.

        Args:
            record: Its record.
            top: Where the model is.
            files: The files that the record owns.
            removed: What has to go: the files, or links that lead to them.
            metadata: Metadata of a site, as JSON text.
        """
        now = time.time()
        there = [path for path in removed if os.path.lexists(path)]
        parent = self._parent_for(there)
        return TrashEntry(
            folder=parent / safe_name(f"{int(now * 1000):x}-{record['key']}"),
            record=record,
            top=top,
            names=tuple(name_below(top, path) for path in there),
            files=tuple(files),
            removed_at=now,
            metadata=metadata,
        )

    @property
    def folders(self) -> list[Path]:
        """All trash folders; some may not exist. Those at the top of roots need not be recorded."""
        roots = [root.path / FOREIGN_TRASH for root in self.roots.named.values()]
        return list(dict.fromkeys((self.home, *self.places, *roots)))

    def entries(self) -> list[TrashEntry]:
        """Return what is in the trash, the oldest first.

        Folders without a readable manifest are left alone, and so is what lies behind a link.
        """
        found = []
        for parent in self.folders:
            if parent.is_symlink() or not parent.is_dir():
                continue
            for folder in sorted(parent.iterdir()):
                if folder.is_symlink() or not (folder / MANIFEST).exists():
                    continue
                try:
                    found.append(TrashEntry.read(folder))
                except CorruptDatabaseError as error:
                    _log.warning("%s %s", error, error.hint)
        return sorted(found, key=lambda entry: entry.removed_at)

    def find(self, name: str) -> TrashEntry:
        """Return the latest entry with this key, unique key prefix or name.

        Raises:
            SourceNotFoundError: nothing in the trash is called that, or several keys begin so.
        """
        entries = self.entries()
        exact = [e for e in entries if name in {e.key, e.name}]
        near = [e for e in entries if e.key.startswith(name)] if name else []
        if len({e.key for e in exact}) == 1:
            return exact[-1]
        near = exact or near
        if len({e.key for e in near}) == 1:
            return near[-1]
        if near:
            keys = ", ".join(f"{entry.key} ({entry.name})" for entry in near)
            raise SourceNotFoundError(
                f"{name!r} names several models in the trash: {keys}",
                hint="Pass the key of one.",
            )
        raise SourceNotFoundError(
            f"No model in the trash is called {name!r}",
            hint="List the trash with: modelkeep trash list",
        )

    def _parent_for(self, files: Sequence[Path]) -> Path:
        """Return a trash folder on the file system of the files."""
        paths.make_own_folder(self.home)
        if not files or all(can_rename(path, self.home) for path in files):
            return self.home
        beside = Path(os.path.commonpath([path.parent for path in files]))
        root = self.roots.around(beside)
        if root is not None and can_rename(real_path(root.path), files[0]):
            beside = root.path
        return beside / FOREIGN_TRASH


def _refuse_leaving(name: str) -> None:
    """Refuse a name of a manifest that would bring a file back to outside of its model."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name!r} is not inside the model")


def name_below(top: Path, path: Path) -> str:
    """Return the name of a file below its model's ``top``; empty for ``top`` itself."""
    return "" if path == top else os.path.relpath(path, top)


def place_of(top: Path, name: str) -> Path:
    """Return where the file called ``name`` of the model at ``top`` is."""
    return top / name if name else top

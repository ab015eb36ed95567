"""Installed models as repositories of the Hugging Face Hub, for programs that fetch from there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from modelkeep.app.files import OwnedFile, files_of
from modelkeep.app.mirror_paths import original_paths
from modelkeep.core.metadata import HuggingFaceMetadata
from modelkeep.errors import (
    DuplicateModelException,
    OfflineRootError,
    UnknownMetadataException,
    UnknownModelException,
    UnsupportedSourceError,
)
from modelkeep.records.listing import RecordFilter
from modelkeep.sources.huggingface.source import HFModelSource, parse

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase

#: The organisation of models that came from elsewhere.
LOCAL = "local"
MAIN = "main"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME_CHARACTERS = 90
#: What git writes of a large file in place of it has about so many bytes.
_POINTER_BYTES = 134


@dataclass(frozen=True, slots=True)
class MirroredFile:
    """A file of a repository.

    Attributes:
        path: Where it is in the repository.
        config: The model that it belongs to.
        owned: The file on the disk.
    """

    path: str
    config: ModelConfigBase
    owned: OwnedFile

    @property
    def oid(self) -> str:
        """A name of its contents as git has them, made up from what is known."""
        row = self.owned.row
        return _made_up(row.sha256 or row.blake3 or f"{row.size} {row.mtime_ns} {row.inode}")

    def to_json(self) -> dict[str, Any]:
        """Return it as an entry of the Hub's tree."""
        row = self.owned.row
        entry = {"type": "file", "oid": self.oid, "size": row.size, "path": self.path}
        if row.sha256 is None:
            return entry
        lfs = {"oid": row.sha256, "size": row.size, "pointerSize": _POINTER_BYTES}
        return {**entry, "lfs": lfs}


@dataclass(frozen=True)
class MirroredRepository:
    """The models of one repository that are installed at one commit.

    Attributes:
        name: ``organisation/name``.
        commit: The one that its site told; else one that follows from the files.
        files: All files, sorted by path.
        metadata: What the Hub said of it.
        modified: When the newest of the models was recorded, seconds since the epoch.
    """

    name: str
    commit: str
    files: tuple[MirroredFile, ...]
    metadata: HuggingFaceMetadata | None
    modified: float

    @cached_property
    def by_path(self) -> dict[str, MirroredFile]:
        """The files by their paths."""
        return {file.path: file for file in self.files}

    def to_json(self, *, blobs: bool = False) -> dict[str, Any]:
        """Return what the Hub's API says of a repository.

        Args:
            blobs: Say sizes and hashes of the files.
        """
        said = self.metadata.tag_dict if self.metadata is not None else {}
        then = datetime.fromtimestamp(self.modified, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {
            "_id": _made_up(self.name)[:24],
            "id": self.name,
            "modelId": self.name,
            "author": self.name.partition("/")[0],
            "sha": self.commit,
            "lastModified": said.get("lastModified") or then,
            "createdAt": said.get("createdAt") or then,
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": sorted(self.metadata.tags) if self.metadata is not None else [],
            **{name: said[name] for name in ("pipeline_tag", "library_name") if said.get(name)},
            "siblings": [_sibling(file, blobs=blobs) for file in self.files],
        }

    def tree(self, folder: str = "", *, recursive: bool = False) -> list[dict[str, Any]] | None:
        """Return the entries of a folder, sorted by path; None where there is no such folder.

        Args:
            folder: Its path; empty for the whole repository.
            recursive: Those of the folders in it too.
        """
        before = f"{folder}/" if folder else ""
        found: dict[str, dict[str, Any]] = {}
        for file in self.files:
            if not file.path.startswith(before):
                continue
            inside = PurePosixPath(file.path[len(before) :])
            above = [before + str(each) for each in inside.parents if each.name]
            for each in above if recursive else above[-1:]:
                found.setdefault(each, self.folder_entry(each))
            if recursive or not above:
                found[file.path] = file.to_json()
        return [found[path] for path in sorted(found)] if found or not folder else None

    def folder_entry(self, path: str) -> dict[str, Any]:
        """Return a folder as an entry of the Hub's tree."""
        return {
            "type": "directory",
            "oid": _made_up(f"{self.commit} {path}"),
            "size": 0,
            "path": path,
        }


def repository(manager: ModelManager, name: str) -> list[MirroredRepository]:
    """Return a repository, once for each commit of it that is installed, the newest first.

    Args:
        manager: Of the library.
        name: That of the Hub, ``local/NAME`` or ``local/KEY``.

    Raises:
        UnknownModelException: nothing of it is installed.
        DuplicateModelException: several models have this name.
    """
    found = _of_the_hub(manager, name)
    if not found and name.startswith(f"{LOCAL}/"):
        found = [(_local(manager, name.partition("/")[2]), None)]
    by_commit: dict[str, list[tuple[float, ModelConfigBase, HFModelSource | None]]] = {}
    for config, source in found:
        at = manager.records.created_at(config.key)
        revision = source.revision if source is not None else None
        by_commit.setdefault(revision or "", []).append((at, config, source))
    made = [_made(manager, name, commit, models) for commit, models in by_commit.items()]
    present = [each for each in made if each is not None]
    if not present:
        raise UnknownModelException(
            f"Nothing of {name} is installed here",
            hint=f"Install it with: modelkeep install {name}",
        )
    return sorted(present, key=lambda each: -each.modified)


def at_revision(versions: Sequence[MirroredRepository], revision: str) -> MirroredRepository | None:
    """Return the version of a repository that a revision means; None where there is none."""
    if revision == MAIN:
        return versions[0]
    return next((each for each in versions if each.commit == revision), None)


def local_name(name: str) -> str:
    """Return how the mirror calls a model of this name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def _handy(name: str) -> str:
    """Return a name that clients accept too: they refuse two dashes or dots in a row, and more."""
    plain = re.sub(r"-{2,}", "-", re.sub(r"\.{2,}", ".", local_name(name)))
    return plain[:_NAME_CHARACTERS].strip("-.")


def _of_the_hub(
    manager: ModelManager, name: str
) -> list[tuple[ModelConfigBase, HFModelSource | None]]:
    found: list[tuple[ModelConfigBase, HFModelSource | None]] = []
    for config in manager.records.search_by_source(name):
        try:
            source = parse(config.source or "")
        except UnsupportedSourceError:
            continue
        if source is not None and source.repo_id == name:
            found.append((config, source))
    return found


def _local(manager: ModelManager, name: str) -> ModelConfigBase:
    """Return the model with a key or a name."""
    records = manager.records
    if records.exists(name):
        return records.get_model(name)
    found: list[Any] = list(records.search_by_attr(model_name=name))
    if not found:
        every = records.each(RecordFilter())
        found = [each for each in every if name in {local_name(each.name), _handy(each.name)}]
    if len(found) == 1:
        return found[0]  # type: ignore[no-any-return]
    if not found:
        raise UnknownModelException(f"No model is called {LOCAL}/{name}")
    keys = ", ".join(f"{LOCAL}/{each.key}" for each in found[:10])
    raise DuplicateModelException(
        f"Several models are called {LOCAL}/{name}: {keys}", hint="Name the one you mean."
    )


def _made(
    manager: ModelManager,
    name: str,
    commit: str,
    models: list[tuple[float, ModelConfigBase, HFModelSource | None]],
) -> MirroredRepository | None:
    """Return a repository at one commit; None where no files of it are there now."""
    found: dict[str, MirroredFile] = {}
    metadata = None
    for _, config, source in sorted(models, key=lambda each: (-each[0], each[1].key)):
        said = _said_of(manager, config)
        metadata = metadata or said
        for file in _files(manager, config, source, said):
            found.setdefault(file.path, file)
    if not found:
        return None
    files = tuple(found[path] for path in sorted(found))
    stable = [f"{file.path} {file.owned.row.size} {file.owned.row.mtime_ns}" for file in files]
    return MirroredRepository(
        name,
        commit if _COMMIT.fullmatch(commit) else _made_up("\n".join([name, commit, *stable])),
        files,
        metadata,
        max(at for at, _, _ in models),
    )


def _files(
    manager: ModelManager,
    config: ModelConfigBase,
    source: HFModelSource | None,
    said: HuggingFaceMetadata | None,
) -> Iterator[MirroredFile]:
    try:
        owned = files_of(manager, config)
    except OfflineRootError:
        return
    is_folder = manager.path_of(config).is_dir()
    names = original_paths(owned, source, said, is_folder=is_folder)
    for path, file in zip(names, owned, strict=True):
        yield MirroredFile(path, config, file)


def _said_of(manager: ModelManager, config: ModelConfigBase) -> HuggingFaceMetadata | None:
    try:
        found = manager.records.get_metadata(config.key)
    except UnknownMetadataException:
        return None
    return found if isinstance(found, HuggingFaceMetadata) else None


def _sibling(file: MirroredFile, *, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": file.path}
    row = file.owned.row
    said = {"rfilename": file.path, "size": row.size, "blobId": file.oid}
    if row.sha256 is None:
        return said
    lfs = {"sha256": row.sha256, "size": row.size, "pointerSize": _POINTER_BYTES}
    return {**said, "lfs": lfs}


def _made_up(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:40]

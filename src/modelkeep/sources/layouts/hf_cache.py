"""The cache of Hugging Face: snapshots of repositories, made of links to blobs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.core import limits
from modelkeep.sources.huggingface import cache
from modelkeep.sources.layouts.folders import names_in
from modelkeep.sources.layouts.layout import KnownModel, Layout, Place, ignore
from modelkeep.sources.layouts.text_files import read_json_map, read_text
from modelkeep.sources.layouts.unfinished import is_unfinished, weight_suffix
from modelkeep.sources.sidecars.info import SidecarInfo

_REPO = re.compile(r"models--(?:(?P<org>[^/]+?)--)?(?P<name>[^/]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REF_BYTES = 256
_WRITTEN_BY = ("the Hugging Face cache",)
#: Never models: what is locked, what is known to be missing, and a tool's own notes.
_SKIP = frozenset({".no_exist", ".locks", ".cache", ".git"})


@dataclass(frozen=True, slots=True)
class _Snapshot:
    repo: Path
    source: str
    commit: str

    @property
    def path(self) -> Path:
        return self.repo / "snapshots" / self.commit

    @property
    def name(self) -> str:
        return self.source.rpartition("/")[2]


class HFCache(Layout):
    """The ``hub`` folder, the folder around it, or one repository's folder in it."""

    name = "hf-cache"
    label = "Hugging Face cache"
    order = 10

    def usual_folders(self, home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
        """Yield the one folder that Hugging Face's programs use."""
        yield cache.hub({"XDG_CACHE_HOME": f"{home}/.cache", **environment})

    def recognises(self, folder: Path) -> bool:
        """Recognise folders named ``models--org--name`` with snapshots in them."""
        return any(True for _ in _repos(folder))

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the snapshot of each branch or tag, once for all that name it.

        Snapshots that nothing names are what an update left behind; a repository whose snapshots
        were all asked for by commit has no names, and all of them are places. Blobs are no places:
        snapshots show them under their names.
        """
        return tuple(Place(one.path, one.source, skip=_SKIP) for one in _snapshots(folder))

    def known(self, folder: Path, warn: Callable[[str], None] = ignore) -> Iterator[KnownModel]:
        """Give each snapshot, and each file of weights in it with its hash where that is known.

        A blob of a large file is named by its SHA-256; without links the list of the commit's
        files has it, which counts while the file has the size that is listed.
        """
        del warn
        for one in _snapshots(folder):
            info = SidecarInfo(name=one.name, source=one.source, written_by=_WRITTEN_BY)
            yield KnownModel(one.path, info, one.commit)
            listed = _listed(one)
            weights = sorted(_weights(one.path))
            for path in weights:
                # A file that is all there is has the name of its repository.
                name = one.name if len(weights) == 1 else None
                sha256 = _sha256(path, listed.get(path.relative_to(one.path).as_posix()))
                info = SidecarInfo(
                    name=name, source=one.source, sha256=sha256, written_by=_WRITTEN_BY
                )
                yield KnownModel(path, info, one.commit)


def repository_in(path: Path) -> str | None:
    """Return the name of the repository whose cache a path lies in, without its organization."""
    found = (_REPO.fullmatch(part) for part in reversed(path.parts))
    return next((match["name"] for match in found if match is not None), None)


def _repos(folder: Path) -> Iterator[Path]:
    """Yield the folders of repositories that ``folder`` is, has, or has in its ``hub``."""
    names = names_in(folder).folders
    if _REPO.fullmatch(folder.name) and "snapshots" in names:
        yield folder
        return
    hub = folder / "hub" if "hub" in names else folder
    below = names_in(hub).folders if hub != folder else names
    for name in sorted(below):
        if _REPO.fullmatch(name) and (hub / name / "snapshots").is_dir():
            yield hub / name


def _snapshots(folder: Path) -> Iterator[_Snapshot]:
    for repo in _repos(folder):
        there = {name for name in names_in(repo / "snapshots").folders if _COMMIT.fullmatch(name)}
        found = _REPO.fullmatch(repo.name)
        org, name = (found["org"], found["name"]) if found else (None, repo.name)
        for commit in sorted(there & _named(repo / "refs") or there):
            yield _Snapshot(repo, f"{org}/{name}" if org else name, commit)


def _named(refs: Path) -> set[str]:
    """Return the commits that branches, tags and pull requests (``refs/pr/1``) stand for."""
    found: set[str] = set()
    for path in _files(refs):
        text = read_text(path, _REF_BYTES).strip() if path.stat().st_size <= _REF_BYTES else ""
        if _COMMIT.fullmatch(text):
            found.add(text)
    return found


def _weights(snapshot: Path) -> Iterator[Path]:
    for path in _files(snapshot):
        if weight_suffix(path.name) and not is_unfinished(path.name, ()) and path.is_file():
            yield path


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, so many as one model may have.

    Links to folders are not followed: a cache has none. Folders that may not be read are passed
    over; the search for models reports them.
    """
    count = 0
    for above, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _SKIP)
        for name in files:
            count += 1
            if count > limits.FOLDER_FILES:
                return
            yield Path(above, name)


def _listed(snapshot: _Snapshot) -> dict[str, Any]:
    file = snapshot.repo / "trees" / f"{snapshot.commit}.json"
    if not file.is_file():
        return {}
    files = read_json_map(file, limits.FOLDER_JSON_BYTES).get("files")
    return files if isinstance(files, dict) else {}


def _sha256(path: Path, listed: Any) -> str | None:
    entry = listed if isinstance(listed, dict) else {}
    if "size" in entry and entry["size"] != path.stat().st_size:
        return None
    if path.is_symlink():
        blob = path.readlink()
        return blob.name if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name) else None
    sha256 = entry.get("lfs_sha256")
    is_known = "size" in entry and isinstance(sha256, str) and _SHA256.fullmatch(sha256)
    return sha256 if is_known else None


LAYOUT = HFCache()

"""Duplicates: finding a model with the same files and the same full hashes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import Progress, hash_file, sample_hash
from modelkeep.core.names import is_inside, path_to_text, real_path, shown
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import DuplicateModelException, SourceError
from modelkeep.library.condition import is_broken
from modelkeep.library.inventory import SourceFile
from modelkeep.library.library import Library
from modelkeep.library.record_paths import recorded_path
from modelkeep.library.uploads import is_uploaded
from modelkeep.sources.site import RemoteFile, RemoteModel

#: Full hashes that records keep.
_FULL = ("sha256", "blake3")


def refuse_place(library: Library, path: Path, *, inplace: bool) -> None:
    """Refuse a source that is recorded already, under its own path or its real path.

    One whose record lacks its right bytes may bring them; ``refuse_recorded`` is for when not.

    Raises:
        DuplicateModelException: it is, or it is in ``models_dir`` and would be copied there.
    """
    config = _recorded_at(library, path)
    if config is not None and not is_broken(library.presence, config):
        raise is_recorded_already(path, config)
    is_in_library = is_inside(path, library.settings.models_dir)
    if is_in_library and not inplace and not is_uploaded(path, library.settings.staging_dir):
        raise DuplicateModelException(
            f"{shown(path)} is already in the models folder",
            hint=f"Register it where it is: {command('install', '--inplace', path)}",
        )


def refuse_recorded(library: Library, path: Path) -> None:
    """Refuse a source that is recorded already and holds other bytes than its record says.

    Raises:
        DuplicateModelException: it is recorded.
    """
    if (config := _recorded_at(library, path)) is not None:
        raise DuplicateModelException(
            f"{shown(path)} is recorded as {config.name} ({config.key}), with other contents",
            hint=f"To accept what it holds now: {command('verify', '--accept', config.key[:8])}",
        )


def _recorded_at(library: Library, path: Path) -> ModelConfigBase | None:
    """Return the record of a path, by its own name or its real one."""
    models_dir = library.settings.models_dir
    real, home = real_path(path), real_path(models_dir)
    if is_inside(real, home):
        real = models_dir / real.relative_to(home)
    for text in (
        recorded_path(path, models_dir),
        path_to_text(path),
        path_to_text(library.roots.normal(path)),
        recorded_path(real, models_dir),
    ):
        for config in library.records.search_by_path(text):
            return config
    return None


def refuse_key(library: Library, key: str) -> None:
    """Refuse a key that another model has.

    Raises:
        DuplicateModelException: it is taken.
    """
    if library.records.exists(key):
        taken = library.records.get_model(key)
        raise DuplicateModelException(
            f"The key {key!r} is taken by {taken.name} at {taken.path}",
            hint="Drop the key to get a new one.",
        )


def is_recorded_already(path: Path, config: ModelConfigBase) -> DuplicateModelException:
    """Return the error for a source that is recorded already."""
    return DuplicateModelException(
        f"{shown(path)} is already in the library, as {config.name} ({config.key})",
        hint=f"Show it with: {command('show', config.key[:8])}",
    )


def find_same(library: Library, files: Sequence[SourceFile], progress: Progress) -> str | None:
    """Return the key of a model that has exactly these files, or None.

    Sizes and samples only rule out; a match compares full hashes. Hashes computed for files of
    the library are stored.
    """
    if not files or not any(file.size for file in files):
        return None
    largest = max(files, key=lambda file: file.size)
    wanted = {file.name: file for file in files}
    for key in dict.fromkeys(k for k, _ in library.records.find_files(size=largest.size)):
        theirs = files_by_name(library, key)
        if (
            {n: f.size for n, f in theirs.items()} == {n: f.size for n, f in wanted.items()}
            and library.records.get_model(key).state is RecordState.PRESENT
            and all(_is_same(library, key, theirs[n], wanted[n], progress) for n in wanted)
        ):
            return key
    return None


def find_same_remote(library: Library, remote: RemoteModel, *, broken: bool = False) -> str | None:
    """Return the key of a model that has the files of a remote one, or None.

    Nothing is fetched and nothing hashed: hashes of the catalogue, where they still hold, are
    compared with those of the site. Files without such a hash, as small ones often are, count as
    the same when they have the same size and the record names the same pinned source.

    Args:
        library: Where it is recorded.
        remote: The remote model.
        broken: A record that had these files, which are missing or damaged now.
    """
    known = [file for file in remote.files if _hash_of(file)]
    if not known:
        return None
    largest = max(known, key=lambda file: file.size or 0)
    hashes, find = _hash_of(largest), library.records.find_files
    rows = find(sha256=hashes["sha256"]) if "sha256" in hashes else []
    rows += find(blake3=hashes["blake3"]) if "blake3" in hashes else []
    for key in dict.fromkeys(key for key, _ in rows):
        if _has_files_of(library, key, remote, broken=broken):
            return key
    return None


def contents_sign(files: Sequence[SourceFile]) -> bytes:
    """Return a value that is equal for models with the same bytes and rarely equal for others."""
    largest = max(files, key=lambda file: file.size)
    sizes = sorted((file.name, file.size) for file in files)
    return f"{sizes} {sample_hash(largest.path)}".encode(errors="surrogateescape")


def files_by_name(library: Library, key: str) -> dict[str, ModelFile]:
    """Return the files of a model by their path in it; empty for a model of one file.

    Of a model in a root that is not registered there are none.
    """
    config = library.records.get_model(key)
    top = library.find(config)
    names: dict[str, ModelFile] = {}
    if top is None:  # in a root that is not registered: its bytes cannot be compared
        return names
    for file in library.records.files(key):
        name = os.path.relpath(library.path_of(file), top)
        names["" if name == "." else name] = file
    return names


def _is_same(
    library: Library, key: str, theirs: ModelFile, ours: SourceFile, progress: Progress
) -> bool:
    path = library.path_of(theirs)
    try:
        there = path.stat()
        if not theirs.is_unchanged(there):
            return False
        if os.path.samestat(there, ours.path.stat()):
            return True
        if sample_hash(path) != sample_hash(ours.path):
            return False
        known = theirs.blake3 or _remember_hash(library, key, theirs, path, progress)
        return known == hash_file(ours.path, ("blake3",), progress).blake3
    except (OSError, SourceError):
        return False  # a recorded file that cannot be read is no reason to refuse this one


def _remember_hash(
    library: Library, key: str, file: ModelFile, path: Path, progress: Progress
) -> str | None:
    digest = hash_file(path, ("blake3",), progress).blake3
    library.records.set_file_hashes(key, file.path, blake3=digest, hashed_at=time.time())
    return digest


def _has_files_of(library: Library, key: str, remote: RemoteModel, *, broken: bool) -> bool:
    theirs = files_by_name(library, key)
    ours = {file.path if remote.is_folder else "": file for file in remote.files}
    if theirs.keys() != ours.keys():
        return False
    config = library.records.get_model(key)
    is_same_source = config.source == str(remote.source)
    is_well = config.state is RecordState.PRESENT and all(
        _holds(library, file) for file in theirs.values()
    )
    return is_well is not broken and all(
        _fits(theirs[name], file, is_same_source=is_same_source) for name, file in ours.items()
    )


def _fits(theirs: ModelFile, ours: RemoteFile, *, is_same_source: bool) -> bool:
    hashes = _hash_of(ours)
    if ours.size not in {None, theirs.size}:
        return False
    if not hashes:
        return is_same_source and ours.size is not None
    known = {"sha256": theirs.sha256, "blake3": theirs.blake3}
    both = [name for name in hashes if known[name]]
    return bool(both) and all(known[name] == hashes[name] for name in both)


def _holds(library: Library, file: ModelFile) -> bool:
    """Tell whether a file is still as it was when it was hashed."""
    try:
        return file.is_unchanged(library.path_of(file).stat())
    except OSError:
        return False  # gone: it is no reason to fetch nothing


def _hash_of(file: RemoteFile) -> Mapping[str, str]:
    return {name: file.hashes[name].lower() for name in _FULL if file.hashes.get(name)}

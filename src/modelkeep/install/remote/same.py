"""Finding the model in the library that a remote one would be, by what its site says of bytes."""

from __future__ import annotations

from collections.abc import Mapping

from modelkeep.core.files import ModelFile
from modelkeep.library.duplicates import files_by_name
from modelkeep.library.library import Library
from modelkeep.sources.site import RemoteFile, RemoteModel

#: Full hashes that records keep.
_FULL = ("sha256", "blake3")


def find_same_remote(library: Library, remote: RemoteModel) -> str | None:
    """Return the key of a model that has the files of a remote one, or None.

    Nothing is fetched and nothing hashed: hashes of the catalogue, where they still hold, are
    compared with those of the site. Files without such a hash, as small ones often are, count as
    the same when they have the same size and the record names the same pinned source.
    """
    known = [file for file in remote.files if _hash_of(file)]
    if not known:
        return None
    largest = max(known, key=lambda file: file.size or 0)
    hashes, find = _hash_of(largest), library.records.find_files
    rows = find(sha256=hashes["sha256"]) if "sha256" in hashes else []
    rows += find(blake3=hashes["blake3"]) if "blake3" in hashes else []
    for key in dict.fromkeys(key for key, _ in rows):
        if _is_same(library, key, remote):
            return key
    return None


def _is_same(library: Library, key: str, remote: RemoteModel) -> bool:
    theirs = files_by_name(library, key)
    ours = {file.path if remote.is_folder else "": file for file in remote.files}
    if theirs.keys() != ours.keys():
        return False
    is_same_source = library.records.get_model(key).source == str(remote.source)
    return all(
        _holds(library, theirs[name]) and _fits(theirs[name], file, is_same_source=is_same_source)
        for name, file in ours.items()
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

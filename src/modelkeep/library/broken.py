"""Broken models: records whose files are missing or damaged, and what has their right bytes.

A model that comes again is the record that it was: key, name and everything that people wrote
stay. That its bytes are the right ones, full hashes say. Where none is recorded, the same name,
size and samples have to do.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import Progress, hash_file
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import SourceError
from modelkeep.library.condition import is_broken
from modelkeep.library.duplicates import files_by_name
from modelkeep.library.inventory import SourceFile
from modelkeep.library.library import Library, sampled


@dataclass(frozen=True, slots=True)
class BrokenModel:
    """A record whose files are not as they were recorded, found by its right bytes.

    Attributes:
        config: The record.
        top: Where it is, or was.
        files: Its files by their names below ``top``, with the full hash that each has to have.
        bad: Names of the files that are missing or hold other bytes; the others are as they
            should be, whatever their time says.
    """

    config: ModelConfigBase
    top: Path
    files: Mapping[str, ModelFile]
    blake3: Mapping[str, str]
    bad: frozenset[str]


def find_broken(
    library: Library, path: Path, files: Sequence[SourceFile], progress: Progress
) -> BrokenModel | None:
    """Return the broken record whose right bytes are in ``files``, or None.

    Args:
        library: Where it is recorded.
        path: The file or folder that ``files`` are of.
        files: What is to be installed or registered.
        progress: Called for every piece that is hashed; may raise to stop.
    """
    if not files or not any(file.size for file in files):
        return None
    wanted = {file.name: file for file in files}
    for config in _with_these_sizes(library, wanted):
        if (top := library.find(config)) is None or not is_broken(library.presence, config):
            continue
        rows = files_by_name(library, config.key)
        try:
            blake3 = _proof(config, rows, path, wanted, progress)
            if blake3 is not None:
                bad = frozenset(n for n in rows if not _is_right(top, n, blake3[n], progress))
                return BrokenModel(config, top, rows, blake3, bad)
        except (OSError, SourceError):
            continue  # it vanished while it was compared
    return None


def _with_these_sizes(
    library: Library, wanted: Mapping[str, SourceFile]
) -> Iterator[ModelConfigBase]:
    largest = max(file.size for file in wanted.values())
    sizes = {name: file.size for name, file in wanted.items()}
    for key in dict.fromkeys(key for key, _ in library.records.find_files(size=largest)):
        rows = files_by_name(library, key)
        if {name: row.size for name, row in rows.items()} == sizes:
            yield library.records.get_model(key)


def _proof(
    config: ModelConfigBase,
    rows: Mapping[str, ModelFile],
    path: Path,
    wanted: Mapping[str, SourceFile],
    progress: Progress,
) -> dict[str, str] | None:
    """Return the BLAKE3 of each file when these are the bytes of a record; None when not."""
    if not all(row.blake3 or row.sha256 for row in rows.values()):
        sample = sampled(path, list(wanted))["current_hash"]
        # While it is changed, the current sample is that of the damage.
        of_record = {config.original_hash}
        if config.state is not RecordState.CHANGED:
            of_record.add(config.current_hash)
        if sample not in of_record or Path(config.path).name != path.name:
            return None
    blake3: dict[str, str] = {}
    for name, row in rows.items():
        kinds = ["blake3"] if row.blake3 or not row.sha256 else ["blake3", "sha256"]
        found = hash_file(wanted[name].path, kinds, progress)
        known = row.blake3 or row.sha256
        if known and known != (found.blake3 if row.blake3 else found.sha256):
            return None
        blake3[name] = found.blake3 or ""
    return blake3


def _is_right(top: Path, name: str, blake3: str, progress: Progress) -> bool:
    """Tell whether the file of a model that is at its place holds the right bytes."""
    place = top / name if name else top
    try:
        if not stat.S_ISREG(place.stat().st_mode):
            return False
        return hash_file(place, ("blake3",), progress).blake3 == blake3
    except (OSError, SourceError):
        return False

"""Full hashes that A1111 and Forge noted in their old ``cache.json``.

It names no path and no size: only a title such as ``lora/ink`` and the file's own time when it was
hashed. So a hash is trusted only for a file that has exactly that time, which is stricter than
the program itself, and not where two files claim one title.

Not read: the folders ``cache/<section>`` of newer versions, whose values may be pickles, and
Fooocus' ``hash_cache.txt``, whose hashes are shortened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from modelkeep.core import limits
from modelkeep.core.reading import unreadable
from modelkeep.sources.sidecars.reader import Sidecar
from modelkeep.sources.sidecars.trust import full_hash

#: Sections with hashes of whole files; ``hashes-addnet`` has those of tensors alone.
_SECTION = "hashes"
#: Titles that are made of the stem, so that models of several folders may share one.
_BY_STEM = frozenset({"lora", "textual_inversion", "hypernet"})


@dataclass(frozen=True, slots=True)
class NotedHash:
    """A hash as that program noted it.

    Attributes:
        mtime: Time of the file's last change when it was hashed, seconds since the epoch.
    """

    sha256: str
    mtime: float


def read_cache(path: Path) -> Mapping[str, NotedHash]:
    """Return the usable hashes of a ``cache.json``, by title.

    Raises:
        SourceNotFoundError, UnreadableSourceError: it cannot be read or is no such file.
        CorruptModelError: it became shorter meanwhile.
    """
    section = Sidecar(path).json(limits.OTHER_CACHE_BYTES).get(_SECTION)
    entries = section if isinstance(section, dict) else {}
    noted = {title: _noted(entry) for title, entry in entries.items()}
    return {title: found for title, found in noted.items() if found is not None}


def match_hashes(
    noted: Mapping[str, NotedHash], prefix: str, folder: Path, files: Iterable[Path]
) -> Mapping[Path, str]:
    """Return the SHA-256 of those files that a trusted one is stored for.

    Args:
        noted: As ``read_cache`` gave it.
        prefix: What the titles of these models begin with: ``checkpoint``, ``lora``,
            ``textual_inversion`` or ``hypernet``.
        folder: The program's folder for them.
        files: The models that it found below it.

    Raises:
        SourceNotFoundError, UnreadableSourceError: one of the files is not there any more.
    """
    claimants: dict[str, list[Path]] = {}
    for file in files:
        title = _title(prefix, folder, file)
        if title in noted and _mtime(file) == noted[title].mtime:
            claimants.setdefault(title, []).append(file)
    return {
        claiming[0]: noted[title].sha256
        for title, claiming in claimants.items()
        if len(claiming) == 1
    }


def _title(prefix: str, folder: Path, file: Path) -> str:
    if prefix in _BY_STEM:
        return f"{prefix}/{file.stem}"
    inside = file.relative_to(folder) if file.is_relative_to(folder) else file.name
    return f"{prefix}/{PurePosixPath(inside)}"


def _mtime(file: Path) -> float:
    try:
        status = file.stat()
    except OSError as error:
        raise unreadable(file, error) from error
    return status.st_mtime if status.st_size else -1.0


def _noted(entry: Any) -> NotedHash | None:
    if not isinstance(entry, dict):
        return None
    sha256, mtime = full_hash(entry.get("sha256")), entry.get("mtime")
    if sha256 is None or isinstance(mtime, bool) or not isinstance(mtime, int | float):
        return None
    return NotedHash(sha256, mtime) if mtime > 0 else None

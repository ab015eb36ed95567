"""``FileStatus``: the state of a record's files, from their size, time and inode.

Contents are not read. ``changed`` means that a file may hold other bytes; ``verify`` reads it.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Self, TypeVar

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.names import counted, real_path, shown
from modelkeep.core.roots import NO_ROOT
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import UnknownModelException
from modelkeep.library.named_folders import NamedFolders
from modelkeep.library.presence import Presence
from modelkeep.records.listing import RecordFilter

T = TypeVar("T")

#: Looks that wait for their disk at the same time: slow ones are far away, not busy.
WORKERS = 16
#: Files that one thread looks at in one go.
_SHARE = 64


class FileStatus(StrEnum):
    """State of the files of a record.

    ``missing``: one is gone. ``changed``: one is not as it was recorded. ``offline``: the root
    that they are in is not there, so nothing is known. ``unreadable``: the system does not say,
    for example because a folder may not be entered.
    """

    PRESENT = "present"
    MISSING = "missing"
    CHANGED = "changed"
    OFFLINE = "offline"
    UNREADABLE = "unreadable"


#: What a model is called when its files differ: the first of these that one of them has.
_WORST_FIRST = (
    FileStatus.OFFLINE,
    FileStatus.MISSING,
    FileStatus.CHANGED,
    FileStatus.UNREADABLE,
    FileStatus.PRESENT,
)

#: What a look says about a record. Being there again is no proof of the bytes of a changed one.
_STATES = {
    FileStatus.PRESENT: RecordState.PRESENT,
    FileStatus.MISSING: RecordState.MISSING,
    FileStatus.CHANGED: RecordState.CHANGED,
}


@dataclass(frozen=True, slots=True)
class FileCondition:
    """State of one file of a record.

    Attributes:
        path: Where it is, or was.
        detail: What differs, for people; empty when it is present.
    """

    path: Path
    condition: FileStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ModelCondition:
    """State of the files of one record.

    Attributes:
        key: Of the record.
        files: Those that are not present.
    """

    key: str
    condition: FileStatus
    files: tuple[FileCondition, ...] = ()

    @classmethod
    def of(cls, key: str, files: Iterable[FileCondition]) -> Self:
        """Combine the states of a record's files."""
        odd = tuple(file for file in files if file.condition is not FileStatus.PRESENT)
        seen = {file.condition for file in odd} | {FileStatus.PRESENT}
        return cls(key, next(c for c in _WORST_FIRST if c in seen), odd)

    @property
    def detail(self) -> str:
        """The first file that is not present, for people, and how many more there are."""
        if not self.files:
            return ""
        first = next(file for file in self.files if file.condition is self.condition)
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return f"{first.detail}{more}"


class Look:
    """Checks files, knowing which roots are offline.

    Args:
        presence: Of the roots. What it says of one is asked for once.
    """

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._why_offline = cache(presence.why_offline)
        self._named = NamedFolders(presence)
        self._top_of = cache(self._find_top)

    def odd_among(self, rows: Sequence[tuple[str, ModelFile]]) -> list[tuple[str, FileCondition]]:
        """Return which of some files are not present, each with the key of its record."""
        looked = ((key, self.at_file(row)) for key, row in rows if not self._is_present(row))
        return [(key, file) for key, file in looked if file.condition is not FileStatus.PRESENT]

    def _is_present(self, row: ModelFile) -> bool:
        """Tell whether a file is as recorded; where that is not plain, ``at_file`` looks again."""
        top = self._top_of(row.root)
        if top is None:
            return False
        try:
            there = os.stat(top + row.path)  # noqa: PTH116 - a path for each is most of the time
        except (OSError, ValueError):
            return False
        return stat.S_ISREG(there.st_mode) and row.is_unchanged(there)

    def _find_top(self, root: str) -> str | None:
        """Return what stands before the paths of a root; None where it is away."""
        if root == NO_ROOT:
            return ""
        folder = None if self._why_offline(root) else self._presence.folder_of(root)
        return f"{folder}/" if folder is not None else None

    def at_file(self, row: ModelFile) -> FileCondition:
        """Look at one file of a record."""
        return self._at(row, row)

    def at_record(self, config: ModelConfigBase) -> FileCondition:
        """Look at a record of which no files are known: whether anything is at its path."""
        return self._at(config, None)

    def _at(self, item: ModelFile | ModelConfigBase, row: ModelFile | None) -> FileCondition:
        models_dir, roots = self._presence.models_dir, self._presence.records.roots
        path = roots.locate(item.root, item.path, models_dir)
        why = self._why_offline(item.root)
        if why or path is None:
            return FileCondition(path or Path(item.path), FileStatus.OFFLINE, why)
        seen = _seen(path, row)
        if seen.condition is FileStatus.MISSING and (why := self._why_away(path, item.root)):
            return FileCondition(path, FileStatus.OFFLINE, why)
        return seen

    def _why_away(self, path: Path, root: str) -> str:
        """Return why a missing file may still be there, on a disk that is away; else nothing."""
        if (folder := self._named.around(path)) is not None:
            return folder.why
        if (link := _dangling(path)) is not None:
            return f"{shown(link)} leads to {shown(link.readlink())}, which does not exist"
        if root == NO_ROOT and _is_unmounted(path):
            return f"the disk of {shown(path)} is not mounted"
        return ""


def condition_of(presence: Presence, config: ModelConfigBase) -> ModelCondition:
    """Look at the files of one record.

    Args:
        presence: Of the roots, and the catalogue that knows them.
        config: The record.

    Raises:
        UnknownModelException: there is no such record.
    """
    look = Look(presence)
    rows = presence.records.files(config.key)
    files = [look.at_file(row) for row in rows] if rows else [look.at_record(config)]
    return ModelCondition.of(config.key, files)


def is_broken(presence: Presence, config: ModelConfigBase) -> bool:
    """Tell whether files of a record are missing or not as recorded; offline ones are not."""
    try:
        seen = condition_of(presence, config).condition
    except UnknownModelException:
        return False
    if seen in {FileStatus.OFFLINE, FileStatus.UNREADABLE}:
        return False
    return seen is not FileStatus.PRESENT or config.state is not RecordState.PRESENT


def survey(presence: Presence, *, workers: int = WORKERS) -> dict[str, ModelCondition]:
    """Look at the files of all records; return those that are not present, by key.

    Args:
        presence: Of the roots, and the catalogue that knows them.
        workers: Looks at the same time.
    """
    look, records = Look(presence), presence.records
    odd: dict[str, list[FileCondition]] = {}
    without_files = set(records.keys_with_prefix("", limit=records.count(RecordFilter())))
    with ThreadPoolExecutor(workers, thread_name_prefix="modelkeep-look") as pool:
        for shares in _batches(_batches(records.each_file(), _SHARE), workers * 4):
            for key, file in chain.from_iterable(pool.map(look.odd_among, shares)):
                odd.setdefault(key, []).append(file)
            without_files.difference_update(key for share in shares for key, _ in share)
    for key in without_files:
        with suppress(UnknownModelException):  # it was removed meanwhile
            file = look.at_record(records.get_model(key))
            if file.condition is not FileStatus.PRESENT:
                odd[key] = [file]
    return {key: ModelCondition.of(key, files) for key, files in odd.items()}


def state_for(condition: FileStatus, before: RecordState) -> RecordState:
    """Return the state to record, given the state recorded ``before``.

    A record marked as changed stays so until its bytes are verified; files that are offline or
    unreadable leave the state as it is.
    """
    if condition is FileStatus.PRESENT and before is RecordState.CHANGED:
        return before
    return _STATES.get(condition, before)


def _seen(path: Path, row: ModelFile | None) -> FileCondition:
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return FileCondition(path, FileStatus.MISSING, f"{shown(path)} is gone")
    except OSError as error:
        return FileCondition(path, FileStatus.UNREADABLE, f"{shown(path)}: {error.strerror}")
    if row is None or (stat.S_ISREG(there.st_mode) and row.is_unchanged(there)):
        return FileCondition(path, FileStatus.PRESENT)
    if not stat.S_ISREG(there.st_mode):
        detail = "is no longer a file"
    elif there.st_size != row.size:
        detail = f"has {counted(there.st_size, 'byte')}; it had {row.size:,}"
    elif there.st_mtime_ns != row.mtime_ns:
        detail = f"was written at {_time_text(there.st_mtime)}, after it was recorded"
        if there.st_mtime_ns < row.mtime_ns:
            detail = f"has the time {_time_text(there.st_mtime)}, older than recorded"
    else:
        detail = "was replaced by another file of the same size and time"
    return FileCondition(path, FileStatus.CHANGED, f"{shown(path)} {detail}")


def _dangling(path: Path) -> Path | None:
    """Return the link on the way to a file that leads to a folder which does not exist."""
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            is_file_gone = place == path and real_path(place).parent.is_dir()
            return None if is_file_gone else place
    return None


def _is_unmounted(path: Path) -> bool:
    """Tell whether the disk of a missing file outside of all roots is unmounted.

    What is left of such a disk is the empty folder that it is mounted on.
    """
    folder = path.parent
    if folder.is_dir():
        return False
    while not folder.is_dir():
        folder = folder.parent
    try:
        return not any(folder.iterdir())
    except OSError:
        return True


def _time_text(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _batches(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch

"""``verify``: reads every byte of a model and compares its full hashes."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import FullHashes, Progress, hash_file, no_progress
from modelkeep.core.names import path_to_text, shown
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import NotWritableError, SourceError, UnknownModelException
from modelkeep.library.condition import FileCondition, FileStatus, Look
from modelkeep.library.library import Library, sampled
from modelkeep.library.ownership import describe_files, names_below, owned_files

_log = logging.getLogger(__name__)

_ALGORITHMS = ("blake3", "sha256")


class Verdict(StrEnum):
    """Result of reading a model.

    ``new``: it could be read and no hash of it was known; now one is. ``changed``: its bytes are
    others. The rest is as in ``FileStatus``.
    """

    OK = "ok"
    NEW = "new"
    CHANGED = "changed"
    MISSING = "missing"
    OFFLINE = "offline"
    UNREADABLE = "unreadable"


#: What a model is called when its files differ: the first of these that one of them has.
_WORST_FIRST = (
    Verdict.OFFLINE,
    Verdict.MISSING,
    Verdict.CHANGED,
    Verdict.UNREADABLE,
    Verdict.NEW,
    Verdict.OK,
)
#: The bytes were not there to be read.
UNREAD = (Verdict.OFFLINE, Verdict.MISSING, Verdict.UNREADABLE)
_STATES = {
    Verdict.OK: RecordState.PRESENT,
    Verdict.NEW: RecordState.PRESENT,
    Verdict.CHANGED: RecordState.CHANGED,
    Verdict.MISSING: RecordState.MISSING,
}
_UNREAD = {
    FileStatus.MISSING: Verdict.MISSING,
    FileStatus.OFFLINE: Verdict.OFFLINE,
    FileStatus.UNREADABLE: Verdict.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Result of reading one file.

    Attributes:
        path: Where it is, or was.
        known: The full hashes that were recorded.
        found: Those of its bytes now; empty when they were not read.
    """

    path: Path
    verdict: Verdict
    known: FullHashes = field(default_factory=FullHashes)
    found: FullHashes = field(default_factory=FullHashes)
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "path": path_to_text(self.path),
            "status": self.verdict.value,
            "known": {n: h for n in _ALGORITHMS if (h := getattr(self.known, n))},
            "found": {n: h for n in _ALGORITHMS if (h := getattr(self.found, n))},
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Result of reading one model.

    Attributes:
        key: Of the record.
        name: What people call it.
        files: All of its files.
        is_accepted: Its bytes were others, and are taken for right from now on.
    """

    key: str
    name: str
    verdict: Verdict
    files: tuple[FileCheck, ...]
    is_accepted: bool = False

    @property
    def is_well(self) -> bool:
        """All of it was read and nothing is wrong, or it was accepted."""
        return self.is_accepted or self.verdict in {Verdict.OK, Verdict.NEW}

    def to_json(self) -> dict[str, Any]:
        """Return what ``verify --json`` prints."""
        return {
            "key": self.key,
            "name": self.name,
            "status": self.verdict.value,
            "accepted": self.is_accepted,
            "files": [file.to_json() for file in self.files],
        }


def verify_model(
    library: Library,
    key: str,
    progress: Progress = no_progress,
    *,
    accept: bool = False,
    parallel: bool = True,
    with_sha256: bool = False,
    only: Collection[Path] | None = None,
) -> ModelCheck:
    """Read a model, compare its hashes and update the state in its record.

    Args:
        library: Where it is recorded.
        key: The record.
        progress: Called for every piece; may raise to stop.
        accept: Take bytes that are others for right from now on.
        parallel: Hash with all processors.
        with_sha256: Compute the sha256 too, by which sites know files; else only where one is
            recorded.
        only: The files to read, when not all; nothing is said of the whole then.

    Raises:
        UnknownModelException: there is no such record.
        NotWritableError: other bytes are to be accepted in a catalogue that cannot be written.
    """
    config = library.records.get_model(key)
    look = Look(library.presence)
    recorded = library.records.files(key)
    rows = recorded or _rows_of(library, config)
    if not rows:
        checks, after = [_without_files(look.at_record(config))], []
    else:
        wanted = frozenset({"blake3", "sha256"} if with_sha256 else {"blake3"})
        pairs = [
            _check_file(row, before, progress, wanted, parallel=parallel)
            if only is None or before.path in only
            else (FileCheck(before.path, Verdict.OK), row)
            for row, before in ((row, look.at_file(row)) for row in rows)
        ]
        checks, after = [check for check, _ in pairs], [row for _, row in pairs]
    verdict = _worst(checks)
    is_accepted = accept and verdict is Verdict.CHANGED
    if not is_accepted:
        after = [
            row if check.verdict is Verdict.CHANGED else new
            for row, new, check in zip(rows, after, checks, strict=True)
        ]
    state_now = RecordState.PRESENT if is_accepted else _STATES.get(verdict, config.state)
    try:
        _note_files(library, key, recorded, after)
        if verdict is Verdict.CHANGED:
            _note_change(library, config, state_now, with_size=is_accepted)
        elif state_now is not config.state and only is None:
            library.records.set_states({key: state_now})
    except NotWritableError:  # read all the same: who may write the library notes it another time
        if is_accepted:
            raise
    return ModelCheck(key, config.name, verdict, tuple(checks), is_accepted)


def _without_files(seen: FileCondition) -> FileCheck:
    verdict = _UNREAD.get(seen.condition, Verdict.MISSING)
    return FileCheck(
        seen.path, verdict, detail=seen.detail or f"{shown(seen.path)} contains no files of its own"
    )


def _worst(checks: Iterable[FileCheck]) -> Verdict:
    seen = {check.verdict for check in checks}
    return next(verdict for verdict in _WORST_FIRST if verdict in seen)


def _check_file(
    row: ModelFile,
    before: FileCondition,
    progress: Progress,
    wanted: frozenset[str],
    *,
    parallel: bool,
) -> tuple[FileCheck, ModelFile]:
    """Read a file; return the result and its row as it is now."""
    known = FullHashes(sha256=row.sha256, blake3=row.blake3)
    path = before.path
    if before.condition in _UNREAD:
        verdict = _UNREAD[before.condition]
        return FileCheck(path, verdict, known, detail=before.detail), row
    wanted |= {"sha256"} if row.sha256 else set()
    try:
        there = path.stat()
        found = hash_file(path, wanted, progress, parallel=parallel)
        after = path.stat()
    except (SourceError, OSError) as error:
        if before.condition is FileStatus.CHANGED and path.exists() and not path.is_file():
            return FileCheck(path, Verdict.CHANGED, known, detail=before.detail), row
        return FileCheck(path, Verdict.UNREADABLE, known, detail=str(error)), row
    new = replace(
        row,
        size=there.st_size,
        mtime_ns=there.st_mtime_ns,
        inode=there.st_ino,
        sha256=found.sha256,
        blake3=found.blake3,
        hashed_at=time.time(),
    )
    if not new.is_unchanged(after):
        detail = f"{shown(path)} was written to while it was read"
        return FileCheck(path, Verdict.UNREADABLE, known, detail=detail), row
    verdict, detail = _compared(path, known, found, before)
    return FileCheck(path, verdict, known, found, detail), new


def _compared(
    path: Path, known: FullHashes, found: FullHashes, before: FileCondition
) -> tuple[Verdict, str]:
    for name in ("sha256", "blake3"):
        old, new = getattr(known, name), getattr(found, name)
        if old and old != new:
            return Verdict.CHANGED, f"{shown(path)} has the {name} {new}; it had {old}"
    if known.blake3 or known.sha256:
        return Verdict.OK, ""
    if before.condition is FileStatus.CHANGED:
        return Verdict.CHANGED, f"{before.detail}, and no hash was recorded"
    return Verdict.NEW, ""


def _rows_of(library: Library, config: ModelConfigBase) -> list[ModelFile]:
    """Return rows, without hashes, for a record that has none: the files it owns now."""
    models_dir = library.settings.models_dir
    paths = [models_dir / row.path for row in owned_files(library.records, config, models_dir)]
    regular = [path for path in paths if path.is_file()]
    return [r for path in regular for r in describe_files(path, [""], models_dir, {}, 0.0)]


def _note_files(
    library: Library, key: str, before: list[ModelFile], after: list[ModelFile]
) -> None:
    """Store the rows of a model, unless they were changed while its bytes were read."""
    try:
        if after != before and library.records.files(key) == before:
            library.records.set_files(key, after)
    except UnknownModelException:
        return  # it was removed while its bytes were read


def _note_change(
    library: Library, config: ModelConfigBase, state: RecordState, *, with_size: bool
) -> None:
    """Note the state of a changed model and the sample of its contents as they are now."""
    fields: dict[str, Any] = {"state": state}
    top = library.path_of(config)
    try:
        names = names_below(top)
        fields["current_hash"] = sampled(top, names)["current_hash"]
        if with_size:
            fields["size"] = sum((top / name if name else top).stat().st_size for name in names)
    except (SourceError, OSError) as error:
        _log.warning("%s changed and cannot be sampled: %s", config.name, error)
    library.records.update_model(config.key, fields)

"""``MissingModels``: records whose files are missing, and finding those files elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hashing import Progress, hash_file, sample_hash
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import ModelKeepError, SourceError, UnknownModelException
from modelkeep.library.condition import FileStatus, ModelCondition, survey
from modelkeep.library.library import Library
from modelkeep.library.ownership import describe_files, names_below
from modelkeep.library.previews import preview_place, preview_text
from modelkeep.library.record_paths import recorded_path
from modelkeep.scan.finder import Examined
from modelkeep.scan.report import ScanFinding, ScanStatus
from modelkeep.sources.sidecars.reading import read_beside


@dataclass(frozen=True, slots=True)
class MissingModel:
    """A record of which every file is gone.

    Attributes:
        files: Its files by their names below the model; the empty string for a model of one file.
    """

    config: ModelConfigBase
    files: dict[str, ModelFile]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())

    @property
    def has_hashes(self) -> bool:
        """A full hash of every file is known, so that a match can be proven."""
        return all(file.blake3 or file.sha256 for file in self.files.values())


class MissingModels:
    """The records whose files are missing, indexed by size.

    Args:
        library: Where they are recorded.
        progress: Called for every piece that is hashed; may raise to stop.
        confirm: Asked whether to take a match that cannot be proven.
    """

    def __init__(
        self, library: Library, progress: Progress, confirm: Callable[[str], bool]
    ) -> None:
        self._library = library
        self._models_dir = library.settings.models_dir
        self._progress = progress
        self._confirm = confirm
        self._by_size: dict[int, list[MissingModel]] = {}

    def add(self, config: ModelConfigBase, files: list[ModelFile]) -> None:
        """Take in a record of which every file is gone."""
        top = self._library.path_of(config)
        names = {
            "" if (path := self._library.path_of(file)) == top
            else os.path.relpath(path, top): file
            for file in files
        }  # fmt: skip
        lost = MissingModel(config, names)
        if lost.size:
            self._by_size.setdefault(lost.size, []).append(lost)

    def find(self, one: Examined) -> ScanFinding | None:
        """Return the finding for a candidate that is one of these, or may be; else None.

        A record whose files were found is changed at once.
        """
        path = one.candidate.path
        same_size = self._by_size.get(one.size, [])
        for lost in sorted(same_size, key=lambda lost: self._place(lost).name != path.name):
            try:
                finding = self._compared(lost, path)
            except (SourceError, OSError):
                continue  # it vanished while it was compared
            if finding is not None:
                if finding.status is ScanStatus.MOVED:
                    same_size.remove(lost)
                return finding
        return None

    def _place(self, lost: MissingModel) -> Path:
        return self._library.path_of(lost.config)

    def _compared(self, lost: MissingModel, path: Path) -> ScanFinding | None:
        names = names_below(path)
        if set(names) != set(lost.files) or any(
            (path / name if name else path).stat().st_size != file.size
            for name, file in lost.files.items()
        ):
            return None
        if not lost.has_hashes:
            return self._unproven(lost, path, names)
        hashes = {}
        for name, file in lost.files.items():
            algorithm = "blake3" if file.blake3 else "sha256"
            here = path / name if name else path
            found = getattr(hash_file(here, (algorithm,), self._progress), algorithm)
            if found != getattr(file, algorithm):
                return None
            hashes[name] = file
        return self._move(lost, path, hashes)

    def _unproven(self, lost: MissingModel, path: Path, names: list[str]) -> ScanFinding | None:
        sample = sample_hash(path) if names == [""] else sample_hash(path, names)
        config = lost.config
        if sample not in {config.current_hash, config.original_hash}:
            return None
        if _is_renamed(lost, path):
            return self._move(lost, path, {})
        what = f"{shown(path)} may be {config.name}, which was at {shown(self._place(lost))}"
        why = f"{what}: size and samples match, but no full hash is recorded"
        if self._confirm(f"{why}. Treat it as the same model?"):
            return self._move(lost, path, {})
        return ScanFinding(
            path,
            ScanStatus.POSSIBLE,
            config.type,
            config.base,
            config.key,
            config.name,
            lost.size,
            error=why,
            hint="Nothing was changed. To treat it as the same model: modelkeep sync --yes",
        )

    def _preview(self, config: ModelConfigBase, old: Path, new: Path) -> str | None:
        """Return the picture of a moved model: the one beside it now, else the one it had."""
        before = preview_place(config, old)
        if before is not None and self._library.previews.is_ours(before):
            return preview_text(before, new)
        beside = read_beside(new).preview
        if beside is not None:
            return preview_text(beside, new)
        return preview_text(before, new) if before is not None and before.is_file() else None

    def _move(self, lost: MissingModel, path: Path, known: dict[str, ModelFile]) -> ScanFinding:
        """Update the paths of a record; doing so twice changes nothing more.

        The lock keeps it from taking a model that is published and not recorded yet.
        """
        with self._library.locks.publishing():
            return self._moved(lost, path, known)

    def _moved(self, lost: MissingModel, path: Path, known: dict[str, ModelFile]) -> ScanFinding:
        records, key, old = self._library.records, lost.config.key, self._place(lost)
        rows = describe_files(path, list(lost.files), self._models_dir, {}, time.time())
        by_name = dict(zip(lost.files, rows, strict=True))
        rows = [
            replace(
                row, sha256=file.sha256, blake3=file.blake3, hashed_at=file.hashed_at
            ) if (file := known.get(name)) else row
            for name, row in by_name.items()
        ]  # fmt: skip
        try:
            where = recorded_path(path, self._models_dir)
            preview = self._preview(lost.config, old, path)
            changes = {"path": where, "preview": preview, "state": RecordState.PRESENT}
            records.update_model(key, changes, files=rows)
        except ModelKeepError as error:
            return ScanFinding(path, ScanStatus.ERROR, key=key).refused(error)
        config = lost.config
        return ScanFinding(
            path,
            ScanStatus.MOVED,
            config.type,
            config.base,
            key,
            config.name,
            lost.size,
            same_as=old,
        )


class RegisteredAgain:
    """Finds the record of a model that is registered where its missing files came to.

    The disk is asked for missing files once something new is found, and not before.

    Args:
        library: Where they are recorded.
        progress: Called for every piece that is hashed; may raise to stop.
    """

    def __init__(self, library: Library, progress: Progress) -> None:
        self._library = library
        self._progress = progress
        self._gone: MissingModels | None = None

    def find(self, one: Examined) -> ScanFinding | None:
        """Return the finding for a candidate that is certainly such a model; else None."""
        if self._gone is None:
            self._gone = MissingModels(self._library, self._progress, lambda _question: False)
            for key, seen in survey(self._library.presence).items():
                if seen.condition is FileStatus.MISSING:
                    self._add(key, seen)
        found = self._gone.find(one)
        if found is None or found.status is ScanStatus.POSSIBLE:
            return None
        is_moved = found.status is ScanStatus.MOVED
        return replace(found, status=ScanStatus.REGISTERED) if is_moved else found

    def _add(self, key: str, seen: ModelCondition) -> None:
        with suppress(UnknownModelException):  # removed meanwhile
            files = self._library.records.files(key)
            if self._gone is not None and len(files) == len(seen.files):
                self._gone.add(self._library.records.get_model(key), files)


def _is_renamed(lost: MissingModel, path: Path) -> bool:
    """Tell whether these are the very files of a lost model, under other names.

    A number, a length and a time to the nanosecond are what a known hash is believed by, too. A
    copy has another number.
    """
    for name, file in lost.files.items():
        there = (path / name if name else path).stat()
        if (there.st_ino, there.st_size, there.st_mtime_ns) != (
            file.inode,
            file.size,
            file.mtime_ns,
        ):
            return False
    return True

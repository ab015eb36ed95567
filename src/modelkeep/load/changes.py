"""Whether the files of a model are still those that were recorded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.names import shown
from modelkeep.errors import ChangedModelError, ModelNotFoundException, UnreadableSourceError
from modelkeep.library.library import Library
from modelkeep.library.verify import FileCheck, Verdict, verify_model
from modelkeep.load.ports import Look

#: Size, time of the last change and inode of each file.
Looks = Mapping[Path, Look]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a part is made of.

    Attributes:
        hash: Of all files, by the full hashes that are recorded; where none is, by size, time and
            inode.
        looks: What the files look like.
    """

    hash: str
    looks: Looks

    def is_current(self) -> bool:
        """Tell whether all files look as before; one ``stat`` of each."""
        try:
            return all(_look(path) == look for path, look in self.looks.items())
        except OSError:
            return False


def check_files(
    library: Library, record: ModelConfigBase, files: Iterable[Path], *, accept: bool = False
) -> Contents:
    """Return the contents of files of a model, which are those that were recorded.

    A file that looks as it was recorded is trusted. Any other is read whole: where its hash is the
    recorded one, the record of the file is renewed.

    Args:
        library: Where the model is recorded.
        record: The model.
        files: Those that matter.
        accept: Take other bytes for right from now on.

    Raises:
        ModelNotFoundException: a file is not there.
        ChangedModelError: a file has other contents; names both hashes.
        UnreadableSourceError: a file cannot be read.
    """
    paths = tuple(files)
    looks = {path: _look_or_raise(path, record) for path in paths}
    rows = _rows(library, record)
    odd = {path for path in paths if path in rows and looks[path] != _recorded(rows[path])}
    if odd:
        _verify(library, record, odd, accept=accept)
        rows = _rows(library, record)
        looks = {path: _look_or_raise(path, record) for path in paths}
    whole = hashlib.sha256()
    for path in paths:
        row = rows.get(path)
        known = (row.sha256 or row.blake3) if row is not None else None
        whole.update(f"{known or (str(path), looks[path])}\n".encode(errors="surrogateescape"))
    return Contents(whole.hexdigest(), looks)


def check_presence(library: Library, record: ModelConfigBase) -> None:
    """Refuse a model of which a file is gone.

    Raises:
        ModelNotFoundException: a file is not there.
    """
    for path in _rows(library, record):
        _look_or_raise(path, record)


def _verify(library: Library, record: ModelConfigBase, odd: set[Path], *, accept: bool) -> None:
    check = verify_model(library, record.key, accept=accept, only=odd)
    if check.is_well:
        return
    bad = next(file for file in check.files if file.verdict is not Verdict.OK)
    if bad.verdict is Verdict.CHANGED:
        raise ChangedModelError(
            f"{record.name} is not the model that was recorded: {_difference(bad)}",
            hint=f"If the change is wanted, run: {command('verify', '--accept', record.key)}",
        )
    if bad.verdict is Verdict.UNREADABLE:
        raise UnreadableSourceError(
            f"{shown(bad.path)} cannot be read: {bad.detail}", hint="Check the disk and try again."
        )
    raise _missing(bad.path, record)


def _difference(bad: FileCheck) -> str:
    for name in ("sha256", "blake3"):
        old, new = getattr(bad.known, name), getattr(bad.found, name)
        if old and new:
            return f"{shown(bad.path)} has the {name} {new}; it had {old}"
    return bad.detail


def _missing(path: Path, record: ModelConfigBase) -> ModelNotFoundException:
    return ModelNotFoundException(
        f"{record.name} cannot be loaded: {shown(path)} does not exist",
        hint=f"Put the file back, or install the model again. See: {command('show', record.key)}",
    )


def _rows(library: Library, record: ModelConfigBase) -> dict[Path, ModelFile]:
    return {library.path_of(row): row for row in library.records.files(record.key)}


def _recorded(row: ModelFile) -> Look:
    return (row.size, row.mtime_ns, row.inode)


def _look_or_raise(path: Path, record: ModelConfigBase) -> Look:
    try:
        return _look(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(path, record) from error
    except OSError as error:
        raise UnreadableSourceError(
            f"{shown(path)} cannot be read: {error.strerror}", hint="Check the disk and try again."
        ) from error


def _look(path: Path) -> Look:
    there = os.stat(path)  # noqa: PTH116 - of each file at each request, and a Path costs twice that
    return (there.st_size, there.st_mtime_ns, there.st_ino)

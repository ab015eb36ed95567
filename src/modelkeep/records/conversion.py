"""Conversion: a catalogue that is chosen and empty gets the records of the one used before.

So a change of ``model_config_db`` never shows an empty library. What was converted is kept under
another name: of several catalogues with models nobody could tell which one counts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from modelkeep.core.commands import command
from modelkeep.core.names import counted, real_path, shown
from modelkeep.disk.paths import replace_file
from modelkeep.errors import (
    DatabaseError,
    DatabaseLockedError,
    StorageError,
    UnknownMetadataException,
    WrongDatabaseError,
)
from modelkeep.jobs.catalogues import note_catalogue, noted_catalogues
from modelkeep.jobs.owner import locked
from modelkeep.jobs.state import StateDatabase
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.locations import RecordSettings, catalogue_file
from modelkeep.records.service import ModelRecordServiceBase

#: Where catalogues of a root are, but for those that are noted.
_PLACES = ("databases/*.db", "configs/*.yaml", "configs/*.yml", "*.db", "*.yaml", "*.yml")
_SETTINGS = "model_config_db"

_log = logging.getLogger(__name__)


class LibrarySettings(RecordSettings, Protocol):
    """Says where a root keeps its state, beside its catalogue."""

    @property
    def root(self) -> Path:
        """Folder of the library."""
        ...

    @property
    def state_path(self) -> Path:
        """The state file."""
        ...


def open_catalogue(config: LibrarySettings) -> ModelRecordServiceBase:
    """Open the catalogue that the settings name, with the records of the one used before.

    Raises:
        WrongDatabaseError: the file is not a catalogue.
        DatabaseError: the catalogue is damaged, newer or locked, or the one that was used before
            cannot be converted.
        StorageError: the disk refuses.
    """
    store = ModelRecordServiceBase.open(config)
    try:
        if _is_empty(store):
            _take_over(store, config, catalogue_file(config))
    except BaseException:
        store.close()
        raise
    return store


def _is_empty(store: ModelRecordServiceBase) -> bool:
    try:
        return not store.keys_with_prefix("", 1)
    except DatabaseError:
        return False  # damaged, and not empty


def _take_over(store: ModelRecordServiceBase, config: LibrarySettings, file: Path) -> None:
    """Bring the records of the catalogue used before into an empty one.

    Args:
        store: The one that is chosen, with its roots.
        config: Chooses it.
        file: Its file.

    Raises:
        DatabaseError: there are several others, or the other one cannot be converted now.
        StorageError: the disk refuses.
    """
    try:
        with locked(config.state_path.with_suffix(".catalogue")):
            with closing(StateDatabase(config.state_path)) as state:
                noted = noted_catalogues(state, config.root)
            if noted[-1:] == [file]:
                return  # its models were removed
            if _is_empty(store):
                _fill(store, file, _with_models(store, config, file, noted))
            with closing(StateDatabase(config.state_path)) as state:
                note_catalogue(state, config.root, file)
    except StorageError:
        if _with_models(store, config, file, []):  # else nothing has to be written
            raise


def _fill(store: ModelRecordServiceBase, file: Path, others: dict[Path, int]) -> None:
    if len(others) > 1:
        raise _several(file, others)
    for other, count in others.items():
        _convert(store, other, file, count)


def _with_models(
    store: ModelRecordServiceBase, config: LibrarySettings, file: Path, noted: list[Path]
) -> dict[Path, int]:
    """Return the other catalogues of a root that have models, and how many."""
    counts = {}
    for path in dict.fromkeys(_others(config, file, noted)):
        try:
            with closing(_opened(store, path)) as other:
                count = other.count(RecordFilter())
        except DatabaseError as error:
            # What was never noted may be a file of any other program.
            if path not in noted or isinstance(error, WrongDatabaseError):
                continue
            raise
        if count:
            counts[path] = count
    return counts


def _others(config: LibrarySettings, file: Path, noted: list[Path]) -> Iterator[Path]:
    # Where nothing is noted, the state file was lost.
    places = () if noted else _PLACES
    here = [path for pattern in places for path in sorted(config.root.glob(pattern))]
    ours = {real_path(path) for path in (file, config.state_path, config.root / "modelkeep.yaml")}
    for path in (config.db_path, config.conf_path, *noted, *here):
        if path.is_file() and real_path(path) not in ours:
            yield path


def _opened(store: ModelRecordServiceBase, path: Path) -> ModelRecordServiceBase:
    other = ModelRecordServiceBase.from_db_file(path)
    other.roots = store.roots
    return other


def _convert(store: ModelRecordServiceBase, path: Path, file: Path, count: int) -> None:
    with closing(_opened(store, path)) as other:
        records = [_as_new(other, key) for key in [c.key for c in other.each(RecordFilter())]]
        loaded = {record.key: other.loaded_at(record.key) for record in records}
    if len(records) < count:
        raise DatabaseError(
            f"{counted(count - len(records), 'record')} in {shown(path)} cannot be read, so the"
            f" catalogue was not converted to {shown(file)}",
            hint=f"{_back_to(path)} Then run: {command('doctor')}",
        )
    log = path.with_name(f"{path.name}-wal")
    if log.exists():  # the last one that closes it takes its log away
        raise DatabaseLockedError(
            f"Another process uses {shown(path)}, so it was not converted to {shown(file)}",
            hint="Stop that process, then try again.",
        )
    store.add_models(records)
    store.note_loaded({key: when for key, when in loaded.items() if when is not None})
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept = path.with_name(f"{path.name}.converted-{stamp}.bak")
    replace_file(path, kept)
    _log.warning(
        "The catalogue was converted: %s of %s are in %s now. The old file is kept as %s",
        counted(count, "model"),
        shown(path),
        shown(file),
        kept.name,
    )


def _as_new(other: ModelRecordServiceBase, key: str) -> NewRecord:
    metadata = None
    with suppress(UnknownMetadataException):
        metadata = other.get_metadata(key)
    return NewRecord(
        key,
        other.get_model(key),
        tuple(other.files(key)),
        metadata,
        tuple(sorted(other.metadata_store.tags(key).hand)),
        other.created_at(key),
    )


def _several(file: Path, found: dict[Path, int]) -> DatabaseError:
    names = ", ".join(f"{shown(path)} ({counted(n, 'model')})" for path, n in found.items())
    return DatabaseError(
        f"{shown(file)} is empty, and several other catalogues of this library are not: {names}",
        hint=_back_to(next(iter(found))),
    )


def _back_to(path: Path) -> str:
    return f"Choose one with: {command('config', 'set', _SETTINGS, path)}"

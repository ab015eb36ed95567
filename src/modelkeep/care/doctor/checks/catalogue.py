"""The catalogue: its file can be opened and read completely."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.checks.locks import refuse_open
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.errors import (
    ConfigFileVersionMismatchException,
    CorruptDatabaseError,
    DatabaseLockedError,
    ModelKeepError,
    NewerDatabaseError,
    hint_of,
)
from modelkeep.records.locations import catalogue_file
from modelkeep.records.service import ModelRecordServiceBase

_KINDS: tuple[tuple[type[ModelKeepError], str], ...] = (
    (NewerDatabaseError, "database_newer"),
    (ConfigFileVersionMismatchException, "database_newer"),
    (DatabaseLockedError, "database_locked"),
    (CorruptDatabaseError, "database_damaged"),
    (ModelKeepError, "database"),
)
_SHOWN = 3


def _find(library: LibraryState) -> Iterator[Finding]:
    """The catalogue is ours, whole, and of this version."""
    path = library.catalogue
    if not path.exists():
        return
    if path != (chosen := catalogue_file(library.settings)):
        yield Finding(
            "database_moves",
            printable(path),
            f"The settings choose the catalogue {shown(chosen)}, and the records are in"
            f" {shown(path)}",
            "The next command that uses the catalogue converts it.",
            Severity.NOTE,
        )
    if not library.is_sqlite:
        yield from _check_other(library)
        return
    health = library.health
    if isinstance(health, ModelKeepError):
        yield _finding(library, health)
    elif health.damage:
        more = f" and {len(health.damage) - _SHOWN} more" if len(health.damage) > _SHOWN else ""
        yield Finding(
            "database_damaged",
            printable(path),
            f"The catalogue {shown(path)} is damaged: {'; '.join(health.damage[:_SHOWN])}{more}",
            "doctor --fix keeps a copy and rebuilds the file if all records can be read. Otherwise"
            " the catalogue starts empty, and modelkeep sync registers the models again.",
            Severity.ERROR,
            repair=_save,
        )
    elif health.is_old:
        yield Finding(
            "database_old",
            printable(path),
            f"The catalogue {shown(path)} was written by an older modelkeep",
            "The next command that uses it backs it up and upgrades it.",
            Severity.NOTE,
            repair=_open,
        )


def _open(tools: RepairTools) -> None:
    """Open the catalogue: that brings it up to date."""
    tools.library.records.version()


def _check_other(library: LibraryState) -> Iterator[Finding]:
    try:
        with ModelRecordServiceBase.from_db_file(library.catalogue) as records:
            records.all_models()
    except ModelKeepError as error:
        yield _finding(library, error)


def _finding(library: LibraryState, error: ModelKeepError) -> Finding:
    kind = next(kind for of, kind in _KINDS if isinstance(error, of))
    path = printable(library.catalogue)
    return Finding(kind, path, str(error), hint_of(error), Severity.ERROR)


def _save(tools: RepairTools) -> None:
    """Keep a copy of a damaged catalogue, and make it anew or begin an empty one."""
    from modelkeep.records.dialects.sqlite_repair import set_aside  # noqa: PLC0415 - heavy

    path = catalogue_file(tools.settings)
    refuse_open(path)
    set_aside(path)


CHECK = Check("catalogue", position=40, find=_find)

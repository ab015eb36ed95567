"""The catalogue: its file can be opened and read, all of it."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.care.doctor.checks.locks import refuse_open
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.patient import Patient, catalogue_path
from modelkeep.care.doctor.workshop import Workshop
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
from modelkeep.records.service import ModelRecordServiceBase

_KINDS: tuple[tuple[type[ModelKeepError], str], ...] = (
    (NewerDatabaseError, "database_newer"),
    (ConfigFileVersionMismatchException, "database_newer"),
    (DatabaseLockedError, "database_locked"),
    (CorruptDatabaseError, "database_damaged"),
    (ModelKeepError, "database"),
)
_SHOWN = 3


def check_catalogue(patient: Patient) -> Iterator[Finding]:
    """The catalogue is ours, whole, and of this version."""
    path = patient.catalogue
    if not path.exists():
        return
    if not patient.is_sqlite:
        yield from _check_other(patient)
        return
    health = patient.health
    if isinstance(health, ModelKeepError):
        yield _finding(patient, health)
    elif health.damage:
        more = f" and {len(health.damage) - _SHOWN} more" if len(health.damage) > _SHOWN else ""
        yield Finding(
            "database_damaged",
            printable(path),
            f"The catalogue {shown(path)} is damaged: {'; '.join(health.damage[:_SHOWN])}{more}",
            "doctor --fix keeps a copy of it and saves every record that can still be read.",
            Severity.ERROR,
            repair=_save,
        )
    elif health.is_old:
        yield Finding(
            "database_old",
            printable(path),
            f"The catalogue {shown(path)} was written by an older modelkeep",
            "It is brought up to date, with a copy kept, when it is next used.",
            Severity.NOTE,
            repair=_open,
        )


def _open(workshop: Workshop) -> None:
    """Open the catalogue: that brings it up to date."""
    workshop.library.records.version()


def _check_other(patient: Patient) -> Iterator[Finding]:
    try:
        with ModelRecordServiceBase.from_db_file(patient.catalogue) as records:
            records.all_models()
    except ModelKeepError as error:
        yield _finding(patient, error)


def _finding(patient: Patient, error: ModelKeepError) -> Finding:
    kind = next(kind for of, kind in _KINDS if isinstance(error, of))
    path = printable(patient.catalogue)
    return Finding(kind, path, str(error), hint_of(error), Severity.ERROR)


def _save(workshop: Workshop) -> None:
    """Keep a copy of a damaged catalogue and put what can be read of it in its place.

    Raises:
        DatabaseLockedError: another process has it open.
    """
    from modelkeep.records.salvage import save_what_is_left  # noqa: PLC0415 - heavy

    path = catalogue_path(workshop.settings)
    refuse_open(path)
    save_what_is_left(path, workshop.settings.named_roots())

"""Rows: those of the catalogue's tables fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.patient import Patient, catalogue_path
from modelkeep.care.doctor.workshop import Workshop
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.errors import ModelKeepError


def check_rows(patient: Patient) -> Iterator[Finding]:
    """No row belongs to a record that is not there, and text search finds what is there."""
    path = patient.catalogue
    if not (patient.is_sqlite and path.exists()) or isinstance(patient.health, ModelKeepError):
        return
    counts = Counter(table for table, _, _ in patient.health.orphans)
    for table, count in sorted(counts.items()):
        yield Finding(
            "dangling_rows",
            printable(path),
            f"{count} row(s) of {table} in {shown(path)} belong to no record",
            "They say nothing of any use: doctor --fix removes them.",
            repair=_drop,
        )
    if patient.health.search:
        yield Finding(
            "search_index",
            printable(path),
            f"Text search in {shown(path)} is out of step with the records: "
            f"{patient.health.search}",
            "doctor --fix makes it anew from the records.",
            repair=_index,
        )


def _drop(workshop: Workshop) -> None:
    from modelkeep.records.salvage import drop_orphans  # noqa: PLC0415 - heavy

    drop_orphans(catalogue_path(workshop.settings))


def _index(workshop: Workshop) -> None:
    from modelkeep.records.salvage import rebuild_search  # noqa: PLC0415 - heavy

    rebuild_search(catalogue_path(workshop.settings))

"""Rows: the tables of the catalogue are consistent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Repair, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import RepairTools
from modelkeep.core.names import counted, shown
from modelkeep.core.reading import printable
from modelkeep.errors import ModelKeepError
from modelkeep.records.locations import catalogue_file


def _find(library: LibraryState) -> Iterator[Finding]:
    """Every record can be read, no row belongs to none, text search finds what is there."""
    path = library.catalogue
    if not (library.is_sqlite and path.exists()) or isinstance(library.health, ModelKeepError):
        return
    for key, reason in library.health.unreadable:
        yield Finding(
            "record_unreadable",
            key,
            f"{reason}; it is left out of lists",
            "doctor --fix takes out what cannot be read, or removes the record where nothing else"
            " can be done, and keeps its text beside the catalogue.",
            Severity.ERROR,
            repair=_mend(key),
        )
    counts = Counter(table for table, _, _ in library.health.orphans)
    for table, count in sorted(counts.items()):
        yield Finding(
            "dangling_rows",
            printable(path),
            f"{table} in {shown(path)} has {counted(count, 'row')} of no record",
            "Such rows are of no use. doctor --fix removes them.",
            repair=_drop,
        )
    if library.health.search:
        yield Finding(
            "search_index",
            printable(path),
            f"Text search in {shown(path)} does not match the records: {library.health.search}",
            "doctor --fix rebuilds it from the records.",
            repair=_index,
        )


def _mend(key: str) -> Repair:
    def mend(tools: RepairTools) -> None:
        from modelkeep.records.dialects.sqlite_repair import mend_record  # noqa: PLC0415 - heavy

        mend_record(catalogue_file(tools.settings), key)

    return mend


def _drop(tools: RepairTools) -> None:
    from modelkeep.records.dialects.sqlite_repair import drop_orphans  # noqa: PLC0415 - heavy

    drop_orphans(catalogue_file(tools.settings))


def _index(tools: RepairTools) -> None:
    from modelkeep.records.dialects.sqlite_repair import rebuild_search  # noqa: PLC0415 - heavy

    rebuild_search(catalogue_file(tools.settings))


CHECK = Check("rows", position=50, find=_find)

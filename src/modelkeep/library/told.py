"""What is known of a model that lies on this disk, beside what its own files show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.hearsay import Hearsay
from modelkeep.errors import UnknownMetadataException
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.sources.sidecars.reading import read_beside
from modelkeep.sources.told import told_by_metadata, told_by_sidecars


def told_beside(path: Path) -> Hearsay:
    """Return what the files beside a model state; nothing is read to check a hash of theirs."""
    return told_by_sidecars(read_beside(path, most=0))


def told_of_record(records: ModelRecordServiceBase, config: ModelConfigBase, path: Path) -> Hearsay:
    """Return what the files beside a recorded model, its site and the catalogue say of it.

    Args:
        records: The catalogue.
        config: The record.
        path: Where the model lies.
    """
    told = told_beside(path)
    try:
        by_site = told_by_metadata(records.get_metadata(config.key)).claims
    except UnknownMetadataException:
        by_site = ()
    claims = {claim.who: claim for claim in (*by_site, *told.claims)}
    told = replace(told, claims=tuple(claims.values()))
    rows = records.files(config.key)
    return with_recorded_hash(told, rows, path) if len(rows) == 1 else told


def with_recorded_hash(told: Hearsay, rows: Iterable[ModelFile], path: Path) -> Hearsay:
    """Return what is told, with the hash of a file as it is now, where a row of it has one."""
    try:
        now = path.stat()
    except OSError:  # whoever identifies it says what is wrong
        return told
    known = (row.sha256 for row in rows if row.sha256 and row.is_unchanged(now))
    sha256 = next(known, None)
    return replace(told, sha256=sha256, sha256_by="") if sha256 else told

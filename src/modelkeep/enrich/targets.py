"""Which models can be looked up on sites: those with one weight file, by its sha256."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.weight_names import TORCH_FORMATS
from modelkeep.enrich.report import Enriched, EnrichStatus
from modelkeep.errors import UsageError
from modelkeep.library.condition import FileStatus, Look
from modelkeep.library.library import Library
from modelkeep.records.listing import RecordFilter

_SUFFIXES = frozenset(f".{each}" for each in TORCH_FORMATS)


@dataclass(frozen=True, slots=True)
class EnrichTarget:
    """A model that sites can be asked about.

    Attributes:
        key: Of the record.
        name: What people call it.
        size: Bytes of its files.
        sha256: Of the file with its weights, in lower case; None while it has to be read.
    """

    key: str
    name: str
    size: int
    sha256: str | None = None


def targets(
    library: Library, keys: Iterable[str] | None, without: Iterable[str]
) -> Iterator[EnrichTarget | Enriched]:
    """Yield the models that can be looked up, and why others cannot be.

    Args:
        library: Where they are recorded.
        keys: The records; all of them when None.
        without: Names of roots that are left out, beside those whose setting ``enrich`` is off.

    Raises:
        UsageError: a name in ``without`` is no root's.
        UnknownModelException: there is no record with one of the keys.
    """
    left_out = _left_out(library, without)
    look = Look(library.presence)
    for config, rows in _records(library, keys):
        if config.root in left_out:
            yield _skipped(config, f"its root {config.root} is skipped{left_out[config.root]}")
        else:
            yield _look_at(config, rows, look)


def weights_of(rows: Iterable[ModelFile]) -> list[ModelFile]:
    """Return the files of a model that hold its weights; the only file is always one."""
    rows = list(rows)
    if len(rows) == 1:
        return rows
    return [row for row in rows if PurePosixPath(row.path).suffix.lower() in _SUFFIXES]


def _left_out(library: Library, without: Iterable[str]) -> Mapping[str, str]:
    """Return the roots that are left out, with the reason as the end of a sentence."""
    roots = library.settings.roots
    chosen = {name: " by its setting" for name, root in roots.items() if not root.enrich}
    for name in without:
        if name not in roots and name != MODELS_ROOT:
            known = ", ".join((MODELS_ROOT, *roots))
            raise UsageError(f"No such root: {name!r}", hint=f"Known roots: {known}.")
        chosen[name] = ""
    return chosen


def _records(
    library: Library, keys: Iterable[str] | None
) -> Iterator[tuple[ModelConfigBase, list[ModelFile]]]:
    records = library.records
    if keys is not None:
        for key in dict.fromkeys(keys):
            yield records.get_model(key), records.files(key)
        return
    rows: dict[str, list[ModelFile]] = {}
    for key, row in records.each_file():
        rows.setdefault(key, []).append(row)
    for config in records.each(RecordFilter()):
        yield config, rows.get(config.key, [])


def _look_at(config: ModelConfigBase, rows: list[ModelFile], look: Look) -> EnrichTarget | Enriched:
    files = weights_of(rows)
    if rows and len(files) != 1:
        return _skipped(config, "it has several weight files; sites know single files only")
    seen = look.at_file(files[0]) if files else look.at_record(config)
    if seen.condition is FileStatus.OFFLINE:
        return Enriched(config.key, config.name, EnrichStatus.OFFLINE, detail=seen.detail)
    if seen.condition in {FileStatus.MISSING, FileStatus.UNREADABLE}:
        return Enriched(config.key, config.name, EnrichStatus.FAILED, detail=seen.detail)
    is_known = seen.condition is FileStatus.PRESENT and files and files[0].sha256
    size = sum(row.size for row in rows) or config.size or 0
    sha256 = (files[0].sha256 or "").lower() if is_known else None
    return EnrichTarget(config.key, config.name, size, sha256)


def _skipped(config: ModelConfigBase, why: str) -> Enriched:
    return Enriched(config.key, config.name, EnrichStatus.SKIPPED, detail=why)

"""``Registrar``: stores records in batches, and singly where a batch is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modelkeep.core.roots import NO_ROOT
from modelkeep.errors import DuplicateModelException, ModelKeepError, RecordError
from modelkeep.library.library import Library
from modelkeep.records.listing import NewRecord
from modelkeep.scan.known import KnownFiles
from modelkeep.scan.removed import RemovedModels
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary

#: Records stored in one step.
BATCH = 200
#: Findings that wait for such a step, so that they come in order.
_HELD_BACK = 2000


class Registrar:
    """Records models where they are, many at a time.

    Args:
        library: Where to.
        known: Gets what was recorded.
        removed: Notes what was recorded: it is asked for.
        summary: Counts what was stored.
    """

    def __init__(
        self, library: Library, known: KnownFiles, removed: RemovedModels, summary: ScanSummary
    ) -> None:
        self._library = library
        self._summary = summary
        self._known = known
        self._removed = removed
        self._waiting: list[tuple[ScanFinding, NewRecord | None]] = []
        self._models = 0

    def take(self, finding: ScanFinding, new: NewRecord | None) -> Iterator[ScanFinding]:
        """Take a finding and its record, if it gets one; yield the findings that are done."""
        self._waiting.append((finding, new))
        self._models += new is not None
        if self._models >= BATCH or len(self._waiting) >= _HELD_BACK or not self._models:
            yield from self.flush()

    def flush(self) -> Iterator[ScanFinding]:
        """Store the waiting records and yield their findings."""
        waiting, self._waiting, self._models = self._waiting, [], 0
        models = [new for _, new in waiting if new is not None]
        refused = {}
        if models:
            with self._library.locks.publishing():
                refused = self._store(models)
        for finding, new in waiting:
            if new is None:
                yield finding
            else:
                yield self._settled(finding, new, refused.get(new.key))

    def _store(self, models: list[NewRecord]) -> dict[str, ModelKeepError]:
        """Store some records; return why some were refused, by key."""
        if not models:
            return {}
        try:
            stored = self._library.records.add_models(models)
        except DuplicateModelException as error:
            if len(models) == 1:
                return {models[0].key: error}
            half = len(models) // 2
            return self._store(models[:half]) | self._store(models[half:])
        except RecordError as error:
            return {model.key: error for model in models}
        self._summary.stored += len(stored)
        for root in {config.root for config in stored} - {NO_ROOT}:
            self._library.presence.note_seen(root)
        self._removed.note_recorded(stored)
        for model in models:
            for file in model.files:
                path = self._library.path_of(file)
                self._known.add(model.key, path, file.inode)
        return {}

    def _settled(
        self, finding: ScanFinding, new: NewRecord, refused: ModelKeepError | None
    ) -> ScanFinding:
        if refused is None:
            config = new.config
            return replace(finding, status=ScanStatus.REGISTERED, key=config.key, name=config.name)
        if isinstance(refused, DuplicateModelException) and self._is_recorded(new):
            return replace(finding, status=ScanStatus.KNOWN, error=str(refused))
        return finding.refused(refused)

    def _is_recorded(self, new: NewRecord) -> bool:
        """Tell whether the model itself is recorded by now, and not only one of its files."""
        return bool(self._library.records.search_by_path(new.config.path))

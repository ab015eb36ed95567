"""``RemovedModels``: files of models that people removed from the library and that stayed."""

from __future__ import annotations

from collections.abc import Iterable

from modelkeep.core.configs import ModelConfigBase
from modelkeep.library.left_out import LeftOutModels, note_recorded
from modelkeep.library.library import Library
from modelkeep.library.removal import restore_left_out
from modelkeep.scan.finder import Examined
from modelkeep.scan.report import ScanFinding, ScanStatus

#: Why a sync does not register one.
REMOVED = "removed from the library"


class RemovedModels:
    """Tells which candidates were removed, and brings back what their records said."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._left_out = LeftOutModels(library)

    def has(self, one: Examined) -> bool:
        """Tell whether a candidate is one of them."""
        candidate = one.candidate
        return self._left_out.has(candidate.path, candidate.status, one.size)

    def note_recorded(self, configs: Iterable[ModelConfigBase]) -> None:
        """Leave models out no longer that were recorded now."""
        if self._left_out.is_any:
            note_recorded(self._library, [self._library.path_of(c) for c in configs])

    def passed(self, one: Examined) -> ScanFinding:
        """Return the finding of a sync for one of them."""
        detail = "It was removed from the library and is registered only when asked for."
        return ScanFinding(
            one.candidate.path, ScanStatus.SKIPPED, error=detail, reason=REMOVED, size=one.size
        )

    def restored(self, one: Examined) -> ScanFinding | None:
        """Restore the record of a candidate that is asked for; None where there is none."""
        path = one.candidate.path
        if not self.has(one):
            return None
        config = restore_left_out(self._library, path)
        if config is None:
            return None
        return ScanFinding(
            path, ScanStatus.REGISTERED, config.type, config.base, config.key, config.name,
            one.size,
        )  # fmt: skip

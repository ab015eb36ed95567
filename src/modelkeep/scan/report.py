"""``ScanFinding`` and ``ScanSummary``: the results of a scan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from modelkeep.core.names import path_to_text
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import ModelKeepError, hint_of


class ScanStatus(StrEnum):
    """Result for a candidate.

    ``found`` is a model that is not in the library, ``known`` one that is, ``unknown`` a file that
    no rule knows or several do, ``error`` one that is broken, unsafe or cannot be read.

    The others are of records, and come from ``sync`` alone: ``moved`` is a model that was elsewhere
    before, ``possible`` a file that may be such a one, ``missing`` a record whose file is gone,
    ``present`` one whose file is back, ``changed`` one whose file has other bytes, ``offline`` a
    root that is not there, and ``held`` a root of which so much is gone that nothing was marked.
    """

    FOUND = "found"
    REGISTERED = "registered"
    INSTALLED = "installed"
    KNOWN = "known"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    ERROR = "error"
    MOVED = "moved"
    POSSIBLE = "possible"
    MISSING = "missing"
    PRESENT = "present"
    CHANGED = "changed"
    OFFLINE = "offline"
    HELD = "held"


#: What a finding is an error of, where it does not say so itself.
_KINDS = {
    ScanStatus.ERROR: "UnreadableSourceError",
    ScanStatus.UNKNOWN: "UnknownModelError",
    ScanStatus.MISSING: "ModelNotFoundException",
    ScanStatus.CHANGED: "SourceChangedError",
    ScanStatus.OFFLINE: "OfflineRootError",
}


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """One candidate of a scan.

    Attributes:
        path: Where it is.
        type, base: What it is, where that is known.
        key: Of its record, where it has one.
        name: What it is called.
        size: Bytes of all its files.
        error: Why nothing was done with it; empty when there is nothing to say.
        kind: Class of the error, where it is one.
        reason: Why it was skipped, in words that many share.
        category: The word of the program whose folder this is for models like it.
        same_as: Where the same file lies under another name.
    """

    path: Path
    status: ScanStatus
    type: ModelType | None = None
    base: BaseModelType | None = None
    key: str | None = None
    name: str | None = None
    size: int | None = None
    error: str = ""
    hint: str = ""
    reason: str = ""
    category: str = ""
    same_as: Path | None = None
    written_by: tuple[str, ...] = ()
    kind: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": path_to_text(self.path),
            "status": self.status.value,
            "type": self.type.value if self.type else None,
            "base": self.base.value if self.base else None,
            "key": self.key,
            "name": self.name,
            "size": self.size,
            "error": self._error,
            "detail": None if self._error else self.error or None,
            "hint": None if self._error else self.hint or None,
            "reason": self.reason or None,
            "category": self.category or None,
            "same_as": path_to_text(self.same_as) if self.same_as else None,
            "said_by": list(self.written_by),
        }

    def refused(self, error: ModelKeepError) -> Self:
        """Return the finding for a model with which nothing could be done."""
        kind, hint = type(error).__name__, hint_of(error)
        return replace(self, status=ScanStatus.ERROR, error=str(error), hint=hint, kind=kind)

    @property
    def _error(self) -> dict[str, str] | None:
        kind = self.kind or _KINDS.get(self.status, "")
        return {"kind": kind, "message": self.error, "hint": self.hint} if kind else None


@dataclass(slots=True)
class ScanSummary:
    """Counts of a scan, exact at any moment.

    Attributes:
        remembered: Candidates that had not changed since an earlier scan read them.
        bytes: Bytes of what was found, registered or installed.
        kinds: Models by type and base, whether or not they were in the library.
        warnings: Sentences for people about what could not be taken into account.
        stored: Records that were stored; the findings of some may not have been counted yet.
        known: What a sync has told before and does not tell again.
        accepted: What was accepted in a sync.
    """

    files: int = 0
    folders: int = 0
    headers: int = 0
    remembered: int = 0
    bytes: int = 0
    statuses: Counter[ScanStatus] = field(default_factory=Counter)
    kinds: Counter[tuple[ModelType, BaseModelType]] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    vanished: int = 0
    warnings: list[str] = field(default_factory=list)
    stored: int = 0
    known: int = 0
    accepted: int = 0

    @property
    def candidates(self) -> int:
        """Number of findings without the skipped ones."""
        return self.statuses.total() - self.statuses[ScanStatus.SKIPPED]

    @property
    def failed(self) -> int:
        """How many candidates ended in an error."""
        return self.statuses[ScanStatus.ERROR]

    def count(self, finding: ScanFinding) -> None:
        """Count a finding."""
        self.statuses[finding.status] += 1
        if finding.type is not None and finding.base is not None:
            self.kinds[finding.type, finding.base] += 1
        if finding.reason:
            self.skipped[finding.reason] += 1
        if finding.status in {ScanStatus.FOUND, ScanStatus.REGISTERED, ScanStatus.INSTALLED}:
            self.bytes += finding.size or 0

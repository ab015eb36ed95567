"""Results of looking models up on sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from modelkeep.errors import ModelKeepError, hint_of


class EnrichStatus(StrEnum):
    """Result for one model.

    ``found``: a site knows something that the record did not have. ``unchanged``: a site knows it
    and the record says all of that, or what people wrote there. ``not-there``: no site that was
    asked knows it. ``skipped``: it was not looked for, on purpose. ``offline``: its root is not
    there.
    """

    FOUND = "found"
    UNCHANGED = "unchanged"
    NOT_THERE = "not-there"
    SKIPPED = "skipped"
    OFFLINE = "offline"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Enriched:
    """Result for one model.

    Attributes:
        key: Of the record.
        name: What people call it, as before.
        source: What ``install`` takes for it.
        changed: What of the record was filled in: its fields, ``metadata``, ``preview``.
        kind, hint: Of the error, where it failed.
    """

    key: str
    name: str
    status: EnrichStatus
    site: str | None = None
    source: str | None = None
    changed: tuple[str, ...] = ()
    detail: str = ""
    kind: str = "ModelKeepError"
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what ``enrich --json`` prints."""
        error = {"kind": self.kind, "message": self.detail, "hint": self.hint}
        is_failed = self.status is EnrichStatus.FAILED
        return {
            "key": self.key,
            "name": self.name,
            "status": self.status.value,
            "site": self.site,
            "source": self.source,
            "changed": list(self.changed),
            "detail": self.detail,
            "error": error if is_failed else None,
        }

    def failed(self, error: ModelKeepError) -> Self:
        """Return the result of a model with which something failed."""
        kind, hint, detail = type(error).__name__, hint_of(error), str(error)
        return replace(self, status=EnrichStatus.FAILED, kind=kind, hint=hint, detail=detail)


@dataclass(frozen=True, slots=True)
class Question:
    """What one site would be asked.

    Attributes:
        address: Where the hashes go.
        unread: Models whose hash is computed first; it may get those as well.
        is_allowed: Somebody allowed it before.
    """

    site: str
    label: str
    address: str
    hashes: int
    unread: int
    is_allowed: bool

    def to_json(self) -> Mapping[str, Any]:
        """Return what ``enrich --dry-run --json`` prints."""
        return {
            "site": self.site,
            "address": self.address,
            "hashes": self.hashes,
            "unread": self.unread,
            "allowed": self.is_allowed,
        }

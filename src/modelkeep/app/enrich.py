"""Enriching: metadata from sites for installed models, looked up by hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelkeep.app.text import Table
from modelkeep.core.names import counted, size_text
from modelkeep.errors import UsageError

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.enrich.enricher import EnrichPlan
    from modelkeep.enrich.report import Enriched, Question

#: Models of one kind that are listed where all of them were asked for.
_LISTED = 20
_STATUSES = {
    "found": "found",
    "not-there": "not there",
    "unchanged": "unchanged",
    "failed": "failed",
    "skipped": "skipped",
    "offline": "offline",
}


@dataclass(slots=True)
class EnrichReport:
    """The results of one run, one model at a time.

    Attributes:
        is_all: All models were asked for, so most of them are only counted.
    """

    is_all: bool
    counts: Counter[str] = field(default_factory=Counter)
    listed: list[Enriched] = field(default_factory=list)

    def add(self, one: Enriched) -> None:
        """Take a model in."""
        status = one.status.value
        self.counts[status] += 1
        is_few = status in {"found", "failed"} and self.counts[status] <= _LISTED
        if is_few or not self.is_all:
            self.listed.append(one)

    def table(self) -> Table:
        """Return the listed models as a table."""
        rows = [
            (
                one.key[:8],
                one.name,
                _STATUSES[one.status.value],
                one.source or one.site or "-",
                ", ".join(one.changed) or one.detail or "-",
            )
            for one in self.listed
        ]
        return Table.of(("KEY", "NAME", "STATUS", "SOURCE", "FILLED IN"), rows)

    def __str__(self) -> str:
        parts = [
            f"{n:,} {word}" for status, word in _STATUSES.items() if (n := self.counts[status])
        ]
        return f"{counted(self.counts.total(), 'model')}: {', '.join(parts) or 'none'}"


def plan(
    manager: ModelManager, keys: Sequence[str] | None, *, without: Sequence[str], again: bool
) -> EnrichPlan:
    """Return what sites would be asked; nothing is sent and no file is read.

    Args:
        manager: Of the library.
        keys: Of models; all of them when None.
        without: Roots whose models are left out.
        again: Also what was asked lately.
    """
    return manager.enricher.plan(keys, without=without, again=again)


def question_text(question: Question) -> str:
    """Return what one site would get, for people."""
    unread = f", and of {question.unread:,} more after reading them" if question.unread else ""
    return (
        f"{question.label} ({question.address}) would get the sha256 of {question.hashes:,} of your"
        f" files{unread}. They reveal which of its models you have."
    )


def not_allowed(question: Question) -> UsageError:
    """Return the error for a site that is not allowed to receive hashes."""
    return UsageError(
        f"{question.label} ({question.address}) has not been allowed to receive hashes of your "
        "files",
        hint="Use --yes to allow it this once, or --dry-run to see what would be sent.",
    )


def plan_table(found: EnrichPlan) -> Table:
    """Return what sites would be asked as a table."""
    rows = [
        (q.label, q.address, f"{q.hashes:,}", f"{q.unread:,}", "yes" if q.is_allowed else "not yet")
        for q in found.questions
    ]
    return Table.of(("SITE", "ADDRESS", "HASHES", "TO READ FIRST", "ALLOWED"), rows)


def plan_notes(found: EnrichPlan) -> list[str]:
    """Return what would be read first, and what no site would be asked about and why."""
    notes = (
        [f"{size_text(found.unread_bytes)} would have to be read first."] if found.unread else []
    )
    reasons = Counter(one.detail or one.status.value for one in found.settled)
    return notes + [f"{n:,} not asked about: {why}" for why, n in reasons.most_common()]

"""``TaskKind``: what all tasks have in common. A task is a job that ends with a report."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from modelkeep.core import events
from modelkeep.jobs.job_events import JobEvent
from modelkeep.jobs.kinds import Job, SimpleKind

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.jobs.rows import JobRow

#: Findings of one task that are stored; the rest is only counted.
_KEPT = 1_000
D = TypeVar("D")


@dataclass(eq=False)
class Task(Job[D]):
    """A job that ends with a report.

    Attributes:
        result: The report so far, as plain values; None before there is one.
    """

    result: dict[str, Any] | None = None


class TaskKind(SimpleKind[D]):
    """A kind whose jobs have a stored result and are told of by events.

    Args:
        manager: Of the library.

    Attributes:
        unit: What its progress counts: ``bytes``, ``files``, ``models``, ``findings``.
    """

    unit: ClassVar[str] = "models"

    def __init__(self, manager: ModelManager) -> None:
        self.manager = manager

    def encode(self, job: Job[D]) -> str:
        """Return what was asked for, and the report."""
        result = getattr(job, "result", None)
        asked = asdict(job.details)  # type: ignore[call-overload]
        return json.dumps({"request": asked, "unit": self.unit, "result": result})

    def decode(self, row: JobRow) -> Task[D]:
        """Return a job that asks for the same; its report is made anew."""
        return Task(self.details(**json.loads(row.details)["request"]), row.source)

    def restore(self, row: JobRow, known: Job[D] | None) -> Task[D]:
        """Return a new job for each try."""
        del known
        return self.decode(row)

    def has_listeners(self, job: Job[D]) -> bool:
        """Tell the bus of every task."""
        del job
        return True

    def notify(self, job: Job[D], event: JobEvent) -> None:
        """Send the event of a task."""
        error_type, error, _ = self.error_of(job)
        task = events.TaskState(
            job.id, self.name, self.source_of(job), job.bytes, job.total_bytes, self.unit
        )
        events.task_event(self.manager.events, event.name.lower(), task, error_type, error)


@dataclass(slots=True)
class Findings:
    """The first findings of a task, and how many there were of each status.

    Attributes:
        limit: As many are kept; all when None.
    """

    limit: int | None = _KEPT
    counts: Counter[str] = field(default_factory=Counter)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def add(self, status: str, finding: dict[str, Any], *, is_kept: bool = True) -> None:
        """Count a finding, and keep it if there is room."""
        self.counts[status] += 1
        if is_kept and (self.limit is None or len(self.kept) < self.limit):
            self.kept.append(finding)

    def to_json(self) -> dict[str, Any]:
        """Return them as plain values; ``left_out`` were only counted."""
        return {
            "counts": dict(self.counts),
            "findings": list(self.kept),
            "left_out": self.counts.total() - len(self.kept),
        }

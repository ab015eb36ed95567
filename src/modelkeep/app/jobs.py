"""The jobs of every process on this root, and the actions on them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import Table, time_text
from modelkeep.core.names import size_text
from modelkeep.jobs.states import JobState, Request

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.jobs.kinds import AnyJob
    from modelkeep.jobs.rows import JobRow

#: Of the engine alone, or told elsewhere.
_HIDDEN = ("owner", "request", "beat_at", "error_type", "hint")


@dataclass(frozen=True, slots=True)
class JobView:
    """One job."""

    row: JobRow

    @property
    def key(self) -> str:
        """Its number."""
        return str(self.row.id)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        row = self.row
        fields = {name: value for name, value in asdict(row).items() if name not in _HIDDEN}
        error = {"kind": row.error_type, "message": row.error, "hint": row.hint or ""}
        return {
            **fields,
            "percent": self.percent,
            "details": json.loads(row.details),
            "error": error if row.error else None,
        }

    @property
    def percent(self) -> int | None:
        """How much of its files is there; None while their size is not known."""
        row = self.row
        return min(100 * row.bytes // row.total_bytes, 100) if row.total_bytes else None

    @property
    def progress(self) -> str:
        """How much of its files is there, and how fast more comes; their size where that is all.

        Of a task that counts something else, how many there are.
        """
        row, facts = self.row, []
        if (unit := json.loads(row.details or "{}").get("unit", "bytes")) != "bytes":
            return (
                f"{row.bytes:,} of {row.total_bytes:,} {unit}"
                if row.total_bytes
                else (f"{row.bytes:,} {unit}")
            )
        if row.bytes and self.percent is not None and row.bytes < row.total_bytes:
            facts = [f"{self.percent}%", f"{size_text(row.bytes)} of {size_text(row.total_bytes)}"]
        else:
            facts = [size_text(max(row.bytes, row.total_bytes))]
        if row.status is JobState.RUNNING and row.speed is not None:
            facts.append(f"{size_text(round(row.speed))}/s")
        return ", ".join(facts)

    @property
    def notes(self) -> list[str]:
        """What went wrong, and what to do next."""
        if not self.row.error:
            return []
        hint = [f"   {self.row.hint}"] if self.row.hint else []
        return [f"{self.row.id}: {self.row.error}", *hint]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The state of a job after a request."""

    row: JobRow

    @property
    def key(self) -> str:
        """Its number."""
        return str(self.row.id)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"id": self.row.id, "source": self.row.source, "status": self.row.status}

    def __str__(self) -> str:
        return f"{self.row.id}: {self.row.status}  {self.row.source}"


def jobs(manager: ModelManager) -> list[JobView]:
    """Return all jobs, the oldest first."""
    return [JobView(row) for row in manager.jobs.rows()]


def pause(manager: ModelManager, number: int) -> JobStatus:
    """Hold a job until it is resumed, whichever process has it.

    Raises:
        UnknownJobIDException: there is no such job.
        UsageError: it has ended.
    """
    manager.jobs.pause(number)
    return JobStatus(manager.jobs.wait_for(number, Request.PAUSE))


def cancel(manager: ModelManager, number: int) -> JobStatus:
    """Stop a job for good; what it has put on the disk is removed.

    Raises:
        UnknownJobIDException: there is no such job.
        UsageError: it has ended.
    """
    manager.jobs.cancel(number)
    return JobStatus(manager.jobs.wait_for(number, Request.CANCEL))


def resume(manager: ModelManager, number: int) -> AnyJob | JobStatus:
    """Let a job go on; return it where this process works on it now.

    Raises:
        UnknownJobIDException: there is no such job.
        UsageError: there is nothing to resume.
    """
    job = manager.jobs.resume(number)
    return job if job is not None else JobStatus(manager.jobs.wait_for(number, Request.RUN))


def retry(manager: ModelManager, number: int, changes: Mapping[str, Any]) -> AnyJob:
    """Start a job again that failed or was cancelled.

    Args:
        manager: Of the library.
        number: Of the job.
        changes: Of an install, fields of the record that override what is identified.

    Raises:
        UnknownJobIDException: there is no such job.
        UsageError: it has not failed, or is of a kind without fields to change.
    """
    job: AnyJob = manager.jobs.retry(number, changes)
    return job


def forget(manager: ModelManager, number: int) -> None:
    """Take a job that has ended off the list; what it made stays.

    Raises:
        UnknownJobIDException: there is no such job.
        UsageError: it has not ended.
    """
    manager.jobs.forget(number)


def status(manager: ModelManager, number: int) -> JobStatus:
    """Return how a job is now."""
    return JobStatus(manager.jobs.row(number))


def table(found: Sequence[JobView]) -> Table:
    """Return jobs as a table."""
    rows = [
        (v.key, v.row.kind, v.row.status, v.row.source, v.progress, time_text(v.row.created_at))
        for v in found
    ]
    return Table.of(("ID", "KIND", "STATUS", "SOURCE", "PROGRESS", "SINCE"), rows)

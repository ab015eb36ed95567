"""Tasks: jobs that end with a report, of every process on this root."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.core import limits
from modelkeep.errors import TooManyJobsError, UnknownJobIDException

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.jobs.kinds import AnyJob
    from modelkeep.jobs.rows import JobRow

#: Jobs that are listed elsewhere.
_NO_TASKS = frozenset({"install", "download"})
#: Between two looks at a task that is waited for.
_LOOK_SECONDS = 0.02
#: Of a result in a list of tasks.
_LONG = frozenset({"entries", "findings", "warnings"})


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task.

    Attributes:
        row: As it is stored.
        job: The job itself, where this process has it.
    """

    row: JobRow
    job: AnyJob | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked for: the details of its kind."""
        found: dict[str, Any] = json.loads(self.row.details or "{}").get("request", {})
        return found

    def to_json(self, *, is_brief: bool = False) -> dict[str, Any]:
        """Return it as plain values.

        Args:
            is_brief: Of its result only the numbers.
        """
        row, job = self.row, self.job
        stored = json.loads(row.details or "{}")
        result = stored.get("result") if job is None else getattr(job, "result", None)
        if is_brief and result is not None:
            result = {name: value for name, value in result.items() if name not in _LONG}
        error = {"kind": row.error_type, "message": row.error, "hint": row.hint or ""}
        is_live = job is not None and not row.status.is_final
        return {
            "id": row.id,
            "kind": row.kind,
            "source": row.source,
            "status": row.status.value,
            "progress": {
                "done": job.bytes if is_live and job else row.bytes,
                "total": (job.total_bytes if is_live and job else row.total_bytes) or None,
                "unit": stored.get("unit", "bytes"),
            },
            "result": result,
            "error": error if row.error else None,
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }


def begin_task(manager: ModelManager, kind: str, details: Any, source: str) -> TaskView:
    """Begin a task and return it.

    Args:
        manager: Of the library.
        kind: Name of a kind in ``modelkeep.app.job_kinds``.
        details: Of that kind.
        source: What it is about, in a few words.

    Raises:
        TooManyJobsError: so many tasks wait or run that this one is not taken.
    """
    from modelkeep.app.job_kinds.task import Task

    if sum(view.row.ended_at is None for view in all_tasks(manager)) >= limits.QUEUED_TASKS:
        raise TooManyJobsError(
            f"{limits.QUEUED_TASKS} tasks are waiting or running already",
            hint="Wait until some of them have ended, or cancel some.",
        )
    task: Task[Any] = Task(details, source)
    manager.jobs.submit(kind, task)
    return one_task(manager, task.id)


def all_tasks(manager: ModelManager) -> list[TaskView]:
    """Return all tasks, the oldest first."""
    return [_view(manager, row) for row in manager.jobs.rows() if row.kind not in _NO_TASKS]


def one_task(manager: ModelManager, number: int) -> TaskView:
    """Return one task.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    row = manager.jobs.row(number)
    if row.kind in _NO_TASKS:
        raise UnknownJobIDException(f"No task {number}", hint="List the jobs with: modelkeep jobs")
    return _view(manager, row)


def ended_within(manager: ModelManager, number: int, seconds: float) -> TaskView:
    """Return a task once it has ended, or as it is after so many seconds.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    end = time.monotonic() + seconds
    while (view := one_task(manager, number)).row.ended_at is None and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
    return view


def cancel_task(manager: ModelManager, number: int) -> None:
    """Stop a task for good, whichever process has it; one that has ended stays as it is.

    Raises:
        UnknownJobIDException: there is none with this number.
    """
    if one_task(manager, number).row.ended_at is None:
        manager.jobs.cancel(number)


def _view(manager: ModelManager, row: JobRow) -> TaskView:
    return TaskView(row, manager.jobs.job_of(row))

"""Undoing actions on many models, as jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.errors import UsageError
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.jobs.control import JobControl


@dataclass(frozen=True)
class UndoDetails:
    """What to undo.

    Attributes:
        task: Number of a task of the kind ``bulk``.
    """

    task: int


class UndoKind(TaskKind[UndoDetails]):
    """Undoes what a task did with many models, and reports an entry for each."""

    name = "undo"
    details = UndoDetails

    def run(self, job: Job[UndoDetails], control: JobControl) -> None:
        """Go through the models that the task changed."""
        from modelkeep.app.tasks import one_task
        from modelkeep.app.undo import undo

        view = one_task(self.manager, job.details.task)
        if view.row.kind != "bulk":
            raise UsageError(
                f"The task {view.row.id} is a {view.row.kind}, which cannot be undone",
                hint="Only actions on many models can.",
            )
        done = (view.to_json()["result"] or {}).get("entries", [])
        report, total = Findings(limit=None), sum(one["status"] == "done" for one in done)
        control.report(0, total)
        try:
            for number, entry in enumerate(
                undo(self.manager, view.asked["asked"]["action"], done), 1
            ):
                report.add(entry.status, entry.to_json())
                control.report(number, total)
                control.check()
        finally:
            if isinstance(job, Task):
                job.result = {"counts": dict(report.counts), "entries": report.kept}


KIND = JobPlugin("undo", UndoKind)

"""Actions on many models as jobs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.app.bulk import BulkRequest
    from modelkeep.jobs.control import JobControl


@dataclass(frozen=True)
class BulkDetails:
    """What to do with which models.

    Attributes:
        asked: The fields of a ``BulkRequest``.
    """

    asked: dict[str, Any]

    @classmethod
    def of(cls, request: BulkRequest) -> BulkDetails:
        """Return what is stored of a request."""
        return cls(asdict(request))


class BulkKind(TaskKind[BulkDetails]):
    """Does one thing with many models, and reports an entry for each."""

    name = "bulk"
    details = BulkDetails

    def run(self, job: Job[BulkDetails], control: JobControl) -> None:
        """Go through the models; what was done stays when it is stopped."""
        from modelkeep.app.bulk import BulkRequest, entries

        request = BulkRequest(**job.details.asked)
        report, total = Findings(limit=None), len(request.keys)
        control.report(0, total)
        try:
            for done, entry in enumerate(entries(self.manager, request), 1):
                report.add(entry.status, entry.to_json())
                control.report(done, total)
                control.check()
        finally:
            if isinstance(job, Task):
                job.result = {"counts": dict(report.counts), "entries": report.kept}


KIND = JobPlugin("bulk", BulkKind)

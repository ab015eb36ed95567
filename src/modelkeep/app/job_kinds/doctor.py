"""The doctor as a job: what is out of order in a library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.jobs.control import JobControl


@dataclass(frozen=True)
class DoctorDetails:
    """What to do.

    Attributes:
        fix: Repair what can be.
    """

    fix: bool = False


class DoctorKind(TaskKind[DoctorDetails]):
    """Looks for leftovers, orphans, missing and changed files, broken databases."""

    name = "doctor"
    details = DoctorDetails
    unit = "findings"

    def run(self, job: Job[DoctorDetails], control: JobControl) -> None:
        """Examine the library; repairs that were made stay when it is stopped."""
        from modelkeep.app.doctor import Diagnosis, examine

        report, diagnosis = Findings(), Diagnosis()
        try:
            for done, finding in enumerate(examine(self.manager.settings, fix=job.details.fix), 1):
                diagnosis.add(finding)
                severity = "fixed" if finding.is_fixed else finding.severity.value
                report.add(severity, finding.to_json())
                control.report(done, 0)
                control.check()
        finally:
            if isinstance(job, Task):
                left = {"left": diagnosis.left, "fixable": diagnosis.fixable}
                job.result = {**report.to_json(), **left}


KIND = JobPlugin("doctor", DoctorKind)

"""Enriching as jobs: metadata from sites, looked up by hash."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.jobs.control import JobControl


@dataclass(frozen=True)
class EnrichDetails:
    """Which models sites are asked about.

    Attributes:
        keys: Of models; all of them when None.
        without: Roots whose models are left out.
        again: Also what was asked lately.
        yes: Send hashes also to sites that nobody has allowed to receive them.
    """

    keys: Sequence[str] | None = None
    without: Sequence[str] = ()
    again: bool = False
    yes: bool = False


class EnrichKind(TaskKind[EnrichDetails]):
    """Asks sites about models and fills in what nobody has edited."""

    name = "enrich"
    details = EnrichDetails

    def run(self, job: Job[EnrichDetails], control: JobControl) -> None:
        """Ask; what was filled in stays when it is stopped."""
        from modelkeep.app.enrich import plan

        asked, report = job.details, Findings()
        planned = plan(self.manager, asked.keys, without=asked.without, again=asked.again)
        total = len(planned.settled) + len(planned.known) + len(planned.unread)
        control.report(0, total)

        def reading(_: int) -> None:
            control.check()

        running = self.manager.enricher.run(planned, lambda _: asked.yes, reading)
        try:
            with closing(running) as outcomes:
                for done, one in enumerate(outcomes, 1):
                    status = one.status.value
                    is_kept = status in {"found", "failed"} or asked.keys is not None
                    report.add(status, one.to_json(), is_kept=is_kept)
                    control.report(done, total)
                    control.check()
        finally:
            if isinstance(job, Task):
                job.result = report.to_json()


KIND = JobPlugin("enrich", EnrichKind)

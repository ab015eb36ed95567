"""Syncs as jobs: the catalogue is brought up to what is on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.app.job_kinds.scan import add_finding, scan_result, watcher
from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.jobs.control import JobControl


@dataclass(frozen=True)
class SyncDetails:
    """How to sync.

    Attributes:
        again: Tell also what an earlier sync has told.
        accept: Accept the problems of files that are not models of the library.
        confirm: Mark models as missing however many of a root are gone.
    """

    again: bool = False
    accept: bool = False
    confirm: bool = False


class SyncKind(TaskKind[SyncDetails]):
    """Registers new files in all roots, finds moved ones again, marks missing ones."""

    name = "sync"
    details = SyncDetails
    unit = "files"

    def run(self, job: Job[SyncDetails], control: JobControl) -> None:
        """Sync; what was done stays when it is stopped."""
        from modelkeep.app.scan import sync

        asked = job.details
        syncing = sync(
            self.manager,
            lambda _: asked.confirm,
            watcher(control),
            again=asked.again,
            accept=asked.accept,
        )
        report = Findings()
        try:
            for finding in syncing:
                add_finding(report, finding)
        finally:
            if isinstance(job, Task):
                job.result = scan_result(report, syncing.summary)


KIND = JobPlugin("sync", SyncKind)

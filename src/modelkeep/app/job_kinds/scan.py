"""Scans as jobs: what is in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.job_kinds.task import Findings, Task, TaskKind
from modelkeep.jobs.kinds import Job, JobPlugin

if TYPE_CHECKING:
    from modelkeep.app.scan import ScanRequest
    from modelkeep.jobs.control import JobControl
    from modelkeep.scan.report import ScanSummary

_WARNINGS = 100


@dataclass(frozen=True)
class ScanDetails:
    """What to scan, and what to do with what is found; as ``ScanRequest``."""

    what: str | None = None
    register: bool = False
    install: bool = False
    link: str | None = None
    layout: str | None = None
    only: Sequence[str] | None = None

    def request(self) -> ScanRequest:
        """Return it as the command does.

        Raises:
            UsageError: the parts do not fit each other.
        """
        from modelkeep.app.scan import ScanRequest
        from modelkeep.library.destination import LinkMode

        link = LinkMode(self.link) if self.link else None
        only = None if self.only is None else tuple(self.only)
        return ScanRequest(self.what, self.register, self.install, link, self.layout, only)


class ScanKind(TaskKind[ScanDetails]):
    """Goes through folders and reports, registers or installs what is there."""

    name = "scan"
    details = ScanDetails
    unit = "files"

    def run(self, job: Job[ScanDetails], control: JobControl) -> None:
        """Scan; what was registered or installed stays when it is stopped."""
        from modelkeep.app.scan import scan

        scanning = scan(self.manager, job.details.request(), watcher(control))
        report = Findings()
        try:
            for finding in scanning:
                add_finding(report, finding)
        finally:
            if isinstance(job, Task):
                job.result = scan_result(report, scanning.summary)


def watcher(control: JobControl) -> Any:
    """Return what takes the numbers of a scan so far, and stops it where that was asked for."""

    def watch(summary: ScanSummary) -> None:
        control.check()
        control.report(summary.files, 0)

    return watch


def add_finding(report: Findings, finding: Any) -> None:
    """Take in what was found; what is known or was skipped is counted."""
    status = finding.status.value
    report.add(status, finding.to_json(), is_kept=status not in {"known", "skipped"})


def scan_result(report: Findings, summary: ScanSummary) -> dict[str, Any]:
    """Return the report of a scan or a sync as plain values."""
    found = report.to_json()
    return {
        **found,
        "counts": {status.value: count for status, count in summary.statuses.items()},
        "files": summary.files,
        "folders": summary.folders,
        "bytes": summary.bytes,
        "warnings": list(summary.warnings[:_WARNINGS]),
    }


KIND = JobPlugin("scan", ScanKind)

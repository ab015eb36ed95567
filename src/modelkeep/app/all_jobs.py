"""``AllJobs``: installs and downloads of every process on a root, in one list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.app.install_service import ModelInstallService
from modelkeep.download.job import DownloadJobBase
from modelkeep.download.job_control import DownloadControl
from modelkeep.errors import UsageError
from modelkeep.install.control import JobControl
from modelkeep.install.job import ModelInstallJob
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.wishes import JobWish


class AllJobs:
    """Acts on jobs by their number, of whichever kind and process they are.

    Args:
        installs: The install service.
        downloads: Acts on downloads.
    """

    def __init__(self, installs: ModelInstallService, downloads: DownloadControl) -> None:
        self._installs = installs
        self._downloads = downloads

    def rows(self) -> list[JobRow]:
        """Return all jobs, the oldest first."""
        rows = [*self._installs.list_all_jobs(), *self._downloads.rows()]
        return sorted(rows, key=lambda row: row.id)

    def pause(self, number: int) -> JobRow:
        """Hold a job until it is resumed.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended.
        """
        return self._of(number).pause(number)

    def cancel(self, number: int) -> JobRow:
        """Stop a job for good; what it has put on the disk is taken away.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has ended.
        """
        return self._of(number).cancel(number)

    def resume(self, number: int) -> ModelInstallJob | DownloadJobBase | None:
        """Let a job go on; return it if this process works on it now.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: there is nothing to resume.
        """
        return self._of(number).resume(number)

    def retry(
        self, number: int, changes: Mapping[str, Any] | None = None
    ) -> ModelInstallJob | DownloadJobBase:
        """Begin a job again that failed or was cancelled.

        Args:
            number: Of the job.
            changes: Of an install, fields of the record that win over what is identified.

        Raises:
            UnknownJobIDException: there is no such job.
            UsageError: it has not failed, or is a download and has no fields to change.
        """
        control = self._of(number)
        if isinstance(control, JobControl):
            return control.retry(number, changes)
        if changes:
            raise UsageError(
                f"The job {number} is a download: {' and '.join(changes)} fit installs only",
                hint=f"Begin it again as it is: modelkeep retry {number}",
            )
        return control.retry(number)

    def take_over(self) -> list[ModelInstallJob | DownloadJobBase]:
        """Go on with all jobs that dead processes left."""
        return [*self._installs.control.take_over(), *self._downloads.take_over()]

    def wait_for(self, number: int, wanted: JobWish) -> JobRow:
        """Give the process that has a job a moment to do what was wished; return the job then.

        Raises:
            UnknownJobIDException: there is no such job.
        """
        return self._of(number).wait_for(number, wanted)

    def prune(self) -> int:
        """Forget the jobs of every process that have ended; return how many."""
        return self._installs.prune_all_jobs() + self._downloads.prune()

    def _of(self, number: int) -> DownloadControl | JobControl:
        is_download = self._installs.library.state.jobs.get(number).kind == "download"
        return self._downloads if is_download else self._installs.control

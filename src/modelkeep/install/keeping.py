"""``JobKeeping``: the methods by which programs ask for the jobs of an install service."""

from __future__ import annotations

from pathlib import Path

from modelkeep.install.fetch_folder import is_claimed, remove_unneeded
from modelkeep.install.job import JobList, ModelInstallJob
from modelkeep.install.worker import InstallWorker
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.state import StateDatabase
from modelkeep.sources.string_like import StringLikeSource


class JobKeeping:
    """Knows the jobs of a service and of its root."""

    _state: StateDatabase
    _worker: InstallWorker

    def list_jobs(self) -> list[ModelInstallJob]:
        """Return the jobs of this service, the oldest first."""
        return self._worker.jobs

    def list_all_jobs(self) -> list[JobRow]:
        """Return the install jobs of every process on this root, also of earlier runs."""
        return self._state.jobs.all("install")

    def get_job_by_source(self, source: StringLikeSource | str | Path) -> list[ModelInstallJob]:
        """Return the jobs of one source."""
        return self._worker.by_source(source)

    def get_job_by_id(self, id: int) -> ModelInstallJob:  # noqa: A002 - the seed's name
        """Return one job.

        Raises:
            UnknownInstallJobException: there is none with this id (also a ``ValueError``).
        """
        return self._worker.by_id(id)

    def cancel_job(self, job: ModelInstallJob) -> None:
        """Stop a job; what it has put on the disk is taken away again.

        A job whose model is recorded already stays completed.
        """
        self._worker.cancel(job)

    def prune_jobs(self) -> None:
        """Forget the jobs of this service that have ended."""
        self._forget(self._worker.prune())

    def prune_all_jobs(self) -> int:
        """Forget the install jobs of every process that have ended; return how many."""
        self._worker.prune()
        ended = [job.id for job in self._state.jobs.all("install") if job.ended_at is not None]
        return self._forget(ended)

    def wait_for_installs(self, timeout: float = 0) -> JobList:
        """Wait until all jobs have ended, or for ``timeout`` seconds (0: no limit).

        Returns:
            All jobs so far, finished or not; indexable by source.
        """
        return self._worker.wait(timeout or None)

    def _forget(self, numbers: list[int]) -> int:
        """Remove jobs from the list, and what they have fetched unless others need it."""
        gone = [row for row in self._state.jobs.all("install") if row.id in numbers]
        count = self._state.jobs.remove(numbers)
        remove_unneeded(self._state, filter(is_claimed, gone))
        return count

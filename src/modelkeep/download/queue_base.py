"""``DownloadQueueServiceBase``: what a download queue can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import AnyHttpUrl

from modelkeep.download.job import DownloadEventHandler, DownloadJobBase

Source = str | Path | AnyHttpUrl


class DownloadQueueServiceBase(ABC):
    """Fetches files in the background, several at a time."""

    @abstractmethod
    def start(self, *args: Any, **kwargs: Any) -> None:
        """Begin to work on jobs.

        Raises:
            ServiceInactiveException: it was started already.
        """

    @abstractmethod
    def stop(self, *args: Any, **kwargs: Any) -> None:
        """End: waiting jobs are cancelled, running ones keep what they have for the next time."""

    @abstractmethod
    def create_download_job(  # noqa: PLR0917 - the specification's signature
        self,
        source: Source,
        destdir: Path | str,
        filename: Path | str | None = None,
        start: bool = True,
        priority: int = 10,
        access_token: str | None = None,
        event_handlers: Sequence[DownloadEventHandler] = (),
    ) -> DownloadJobBase:
        """Make the fitting kind of job for a source and submit it.

        Args:
            source: A link, a path, or what a subclass understands.
            destdir: The folder that the file goes into, or the file.
            filename: Name of the file; what the source calls it when None.
            start: Put it into the queue; else it stays idle.
            priority: Lower ones run first.
            access_token: Sent to the host of the source, and to no other.
            event_handlers: Called with the job on every change.
        """

    @abstractmethod
    def download(  # noqa: PLR0917 - the specification's signature
        self,
        source: Source,
        dest: Path | str,
        priority: int = 10,
        access_token: str | None = None,
        on_start: DownloadEventHandler | None = None,
        on_progress: DownloadEventHandler | None = None,
        on_complete: DownloadEventHandler | None = None,
        on_cancelled: DownloadEventHandler | None = None,
        on_error: DownloadEventHandler | None = None,
    ) -> DownloadJobBase:
        """Make a job with callbacks and put it into the queue.

        Raises:
            ServiceInactiveException: the queue was not started, or was stopped.
        """

    @abstractmethod
    def submit_download_job(  # noqa: PLR0917 - the specification's signature
        self,
        job: DownloadJobBase,
        start: bool = True,
        on_start: DownloadEventHandler | None = None,
        on_progress: DownloadEventHandler | None = None,
        on_complete: DownloadEventHandler | None = None,
        on_cancelled: DownloadEventHandler | None = None,
        on_error: DownloadEventHandler | None = None,
    ) -> None:
        """Take a job, give it an id, and put it into the queue unless ``start`` is false.

        Raises:
            ServiceInactiveException: the queue was stopped.
        """

    @abstractmethod
    def start_job(self, job: DownloadJobBase) -> None:
        """Put an idle or paused job into the queue.

        Raises:
            UnknownJobIDException: it is no job of this queue; so for the other methods.
        """

    @abstractmethod
    def pause_job(self, job: DownloadJobBase) -> None:
        """Hold a job; ``start_job`` lets it go on where it was."""

    @abstractmethod
    def cancel_job(self, job: DownloadJobBase) -> None:
        """Stop a job for good and remove what has arrived of it."""

    @abstractmethod
    def start_all_jobs(self) -> None:
        """Put all idle and paused jobs into the queue."""

    @abstractmethod
    def pause_all_jobs(self) -> None:
        """Hold all jobs that have not ended."""

    @abstractmethod
    def cancel_all_jobs(self) -> None:
        """Stop all jobs that have not ended."""

    @abstractmethod
    def join(self, timeout: float = 0) -> None:
        """Wait until no job is waiting or running, or for ``timeout`` seconds (0: no limit)."""

    @abstractmethod
    def list_jobs(self) -> list[DownloadJobBase]:
        """Return all jobs that were submitted and not pruned, the oldest first."""

    @abstractmethod
    def id_to_job(self, id: int) -> DownloadJobBase:  # noqa: A002 - the specification's name
        """Return one job.

        Raises:
            UnknownJobIDException: there is none with this id.
        """

    @abstractmethod
    def prune_jobs(self) -> None:
        """Delete finished jobs from the list."""

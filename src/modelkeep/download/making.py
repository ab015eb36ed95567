"""``JobMakingQueue``: the two ways in which programs ask a queue for a download."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelkeep.download.base import DownloadQueueServiceBase, Source
from modelkeep.download.job import DownloadEventHandler, DownloadJobBase, kind_for


class JobMakingQueue(DownloadQueueServiceBase):
    """Makes jobs of sources and submits them; the document asks one way, the code another."""

    @abstractmethod
    def check_running(self) -> None:
        """Refuse when nobody works on the queue.

        Raises:
            ServiceInactiveException: it was not started, or was stopped.
        """

    def create_download_job(  # noqa: D102, PLR0917 - the seed's signature
        self,
        source: Source,
        destdir: Path | str,
        filename: Path | str | None = None,
        start: bool = True,
        priority: int = 10,
        access_token: str | None = None,
        event_handlers: Sequence[DownloadEventHandler] = (),
        **fields: Any,
    ) -> DownloadJobBase:
        dest = Path(destdir) / filename if filename else Path(destdir)
        job = self.make_job(
            source,
            dest,
            priority=priority,
            access_token=access_token,
            event_handlers=list(event_handlers),
            is_folder=not filename and not dest.is_file(),
            **fields,
        )
        self.submit_download_job(job, start)
        return job

    def download(  # noqa: D102, PLR0917 - the seed's signature
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
        **fields: Any,
    ) -> DownloadJobBase:
        self.check_running()
        job = self.make_job(
            source, Path(dest), priority=priority, access_token=access_token, **fields
        )
        callbacks = (on_start, on_progress, on_complete, on_cancelled, on_error)
        self.submit_download_job(
            job, start=True, **dict(zip(job.CALLBACKS, callbacks, strict=True))
        )
        return job

    def make_job(self, source: Source, dest: Path, **fields: Any) -> DownloadJobBase:
        """Return a job of the kind that fits a source; a subclass may know more kinds."""
        kind = kind_for(source)
        known = {name: value for name, value in fields.items() if name in kind.model_fields}
        return kind(source=source, dest=dest, **known)

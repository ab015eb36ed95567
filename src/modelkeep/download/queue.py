"""``DownloadQueueService``: the specification's download queue in both forms, over a job engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelkeep.core.events import EventBus
from modelkeep.core.names import names_folder
from modelkeep.download.drivers import Drivers, Fetcher
from modelkeep.download.job import DownloadEventHandler, DownloadJobBase, kind_for
from modelkeep.download.kind import DownloadKind
from modelkeep.download.queue_base import DownloadQueueServiceBase, Source
from modelkeep.errors import ServiceInactiveException
from modelkeep.http.options import TransferOptions
from modelkeep.jobs.engine import JobEngine
from modelkeep.jobs.rows import JobStore

#: How long ``stop`` waits for downloads that run, seconds.
_PATIENCE_SECONDS = 5.0


class DownloadQueueService(DownloadQueueServiceBase):
    """Fetches files in background threads; programs may exit without stopping it.

    A queue that was never started starts itself when a job is submitted to it.

    Args:
        event_handlers: Called with each job on its changes, after the job's own; the list may be
            changed later.
        max_parallel_dl: Jobs at the same time.
        requests_session: Used for every request, as it is; our own when None.
        quiet: Log nothing of jobs that go well.
        event_bus: Takes the download events.
        fetcher: Fetches links; made of the above when None.
        store: Where jobs are stored for later runs and other processes; without one they are
            forgotten with the queue.
        takes_over: ``start`` continues the downloads of processes that died.
    """

    def __init__(
        self,
        event_handlers: Sequence[DownloadEventHandler] = (),
        max_parallel_dl: int = 5,
        requests_session: Any = None,
        quiet: bool = False,
        event_bus: EventBus | None = None,
        *,
        options: TransferOptions | None = None,
        fetcher: Fetcher | None = None,
        store: JobStore | None = None,
        takes_over: bool = True,
    ) -> None:
        self.event_handlers = list(event_handlers)
        self._bus = event_bus
        self._max_parallel_dl = max_parallel_dl
        self._fetcher = fetcher or Fetcher(requests_session, options or TransferOptions())
        self._kind = DownloadKind(
            Drivers.of(self._fetcher),
            self.make_job,
            self.event_handlers,
            event_bus,
            at_once=max_parallel_dl,
        )
        self.engine = JobEngine([self._kind], store, quiet=quiet)
        self._takes_over = takes_over
        self._was_stopped = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(max_parallel_dl={self._max_parallel_dl})"

    @property
    def event_bus(self) -> EventBus | None:
        """The bus that was given."""
        return self._bus

    # -- life

    def start(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the specification's signature
        """Begin to work on jobs."""
        if self.engine.is_running:
            raise ServiceInactiveException(
                "The download queue is already running", hint="Start it once."
            )
        self._was_stopped = False
        if self._takes_over:
            self.engine.take_over(held=True)
        self.engine.start()

    def stop(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the specification's signature
        """End: running jobs keep what they have for the next time.

        Waiting ones wait for the next run where jobs are stored; else they are cancelled.
        """
        if self.engine.is_running:
            self._was_stopped = True
            self.engine.stop(_PATIENCE_SECONDS)
            self._fetcher.close()

    # -- jobs come in

    def create_download_job(  # noqa: D102, PLR0917 - the specification's signature
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
            is_folder=not filename and (names_folder(destdir) or not dest.is_file()),
            **fields,
        )
        self.submit_download_job(job, start)
        return job

    def download(  # noqa: D102, PLR0917 - the specification's signature
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
        if not self.engine.is_running:
            raise ServiceInactiveException(
                "The download queue is not running", hint="Call start() first."
            )
        job = self.make_job(
            source,
            Path(dest),
            priority=priority,
            access_token=access_token,
            is_folder=names_folder(dest),
            **fields,
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

    def submit_download_job(  # noqa: D102, PLR0917 - the specification's signature
        self,
        job: DownloadJobBase,
        start: bool = True,
        on_start: DownloadEventHandler | None = None,
        on_progress: DownloadEventHandler | None = None,
        on_complete: DownloadEventHandler | None = None,
        on_cancelled: DownloadEventHandler | None = None,
        on_error: DownloadEventHandler | None = None,
    ) -> None:
        callbacks = (on_start, on_progress, on_complete, on_cancelled, on_error)
        if any(callbacks):
            job.set_callbacks(*callbacks)
        if self._was_stopped:
            raise ServiceInactiveException(
                "The download queue was stopped", hint="Call start() first."
            )
        if not self.engine.is_running:
            self.engine.start()
        self.engine.submit(self._kind, job, start=start)

    # -- control

    def start_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        self.engine.resume(job)

    def pause_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        self.engine.pause(job)

    def cancel_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        self.engine.cancel(job)

    def start_all_jobs(self) -> None:  # noqa: D102 - as in the base class
        self._all(self.start_job)

    def pause_all_jobs(self) -> None:  # noqa: D102 - as in the base class
        self._all(self.pause_job)

    def cancel_all_jobs(self) -> None:  # noqa: D102 - as in the base class
        self._all(self.cancel_job)

    # -- looking

    def join(self, timeout: float = 0) -> None:  # noqa: D102 - as in the base class
        self.engine.wait(timeout or None)

    def list_jobs(self) -> list[DownloadJobBase]:  # noqa: D102 - as in the base class
        return self.engine.jobs()

    def id_to_job(self, id: int) -> DownloadJobBase:  # noqa: A002, D102 - the specification's name
        job: DownloadJobBase = self.engine.job(id)
        return job

    def prune_jobs(self) -> None:  # noqa: D102 - as in the base class
        self.engine.remove(self.engine.remove_ended())

    def _all(self, act: Callable[[DownloadJobBase], None]) -> None:
        for job in self.list_jobs():
            if not job.in_terminal_state:
                act(job)

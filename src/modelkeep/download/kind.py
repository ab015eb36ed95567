"""``DownloadKind``: downloads as jobs of an engine, and the notification of their listeners."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from modelkeep.core import events
from modelkeep.core.events import EventBus
from modelkeep.core.reading import printable
from modelkeep.download.details import DownloadDetails
from modelkeep.download.drivers import Drivers
from modelkeep.download.job import (
    DownloadEventHandler,
    DownloadJobBase,
    DownloadJobStatus,
    StoredWithout,
)
from modelkeep.download.part_file import discard_partial
from modelkeep.errors import (
    ConnectionFailedError,
    ModelKeepError,
    NoSpaceError,
    SecretNeededError,
)
from modelkeep.http.urls import redacted
from modelkeep.jobs.control import JobControl
from modelkeep.jobs.job_events import JobEvent
from modelkeep.jobs.kinds import JobKind, Pool
from modelkeep.jobs.rows import JobRow
from modelkeep.jobs.states import JobState

#: Errors and hints are cut to this length.
_TEXT = 2000

_STATUS = {
    JobState.IDLE: DownloadJobStatus.IDLE,
    JobState.WAITING: DownloadJobStatus.ENQUEUED,
    JobState.RUNNING: DownloadJobStatus.RUNNING,
    JobState.PAUSED: DownloadJobStatus.PAUSED,
    JobState.COMPLETED: DownloadJobStatus.COMPLETED,
    JobState.ERROR: DownloadJobStatus.ERROR,
    JobState.CANCELLED: DownloadJobStatus.CANCELLED,
}
_CALLBACKS = {
    JobEvent.STARTED: "on_start",
    JobEvent.PROGRESS: "on_progress",
    JobEvent.COMPLETED: "on_complete",
    JobEvent.CANCELLED: "on_cancelled",
    JobEvent.ERROR: "on_error",
}

#: Events that say that bytes have come.
_ARRIVING = {JobEvent.PROGRESS, JobEvent.COMPLETED}

_log = logging.getLogger(__name__)


class MakeJob(Protocol):
    """Makes the kind of job that fits a source."""

    def __call__(self, source: str | Path, dest: Path, **fields: Any) -> DownloadJobBase:
        """Return a new job."""


class DownloadKind(JobKind[DownloadJobBase]):
    """Stores, runs and reports downloads.

    Args:
        handlers: Called with each job on its changes, after the job's own.
        bus: Takes the download events; none are sent when None.
        at_once: Downloads that run at the same time.
    """

    name = "download"

    def __init__(
        self,
        drivers: Drivers,
        make_job: MakeJob,
        handlers: Sequence[DownloadEventHandler] = (),
        bus: EventBus | None = None,
        *,
        at_once: int = 5,
    ) -> None:
        self._drivers = drivers
        self._make_job = make_job
        self._handlers = handlers
        self._bus = bus
        self._pool = Pool("downloads", at_once)
        self._arriving: set[int] = set()

    # -- what is stored

    def source_of(self, job: DownloadJobBase) -> str:
        """Return where the bytes come from, as it may be shown."""
        return printable(redacted(str(job.source)))

    def encode(self, job: DownloadJobBase) -> str:
        """Return the details, without secrets."""
        return self._drivers.of_job(job).details_of(job).encode()

    def decode(self, row: JobRow) -> DownloadJobBase:
        """Return the download that a row describes, without the secrets that it had."""
        details = DownloadDetails.decode(row.details)
        job = self._make_job(
            details.move or details.link,
            details.dest,
            is_folder=details.is_folder,
            priority=details.priority,
            preserve_partial_downloads=details.keep,
            hashes=dict(details.hashes),
            size=details.size,
            public_only=details.public_only,
        )
        job.download_path = details.file
        job.started_at = details.started_at
        job.bytes, job.total_bytes = row.bytes, row.total_bytes
        job.was_stored_without(
            StoredWithout(details.needs_token, not details.is_whole, details.digest)
        )
        return job

    def is_stored(self, job: DownloadJobBase) -> bool:
        """Tell apart parts of installs, which remember them."""
        return job.IS_STORED

    def error_of(self, job: DownloadJobBase) -> tuple[str | None, str | None, str | None]:
        """Return the error; the text of a foreign one could hold a link with its secrets."""
        error = job.exception
        if error is None:
            return None, None, None
        is_ours = isinstance(error, ModelKeepError)
        text = printable(str(error)) if is_ours else f"{type(error).__name__} was raised"
        return job.error_type, text[:_TEXT], printable(job.hint)[:_TEXT] or None

    # -- how it runs

    def run(self, job: DownloadJobBase, control: JobControl) -> None:
        """Fetch or move what the job asks for."""
        try:
            self._drivers.of_job(job).run(job, control)
        finally:
            job.connections = 0

    def pool_of(self, job: DownloadJobBase) -> Pool:
        """Return the pool of all downloads."""
        del job
        return self._pool

    def priority_of(self, job: DownloadJobBase) -> int:
        """Return the priority that was asked for."""
        return job.priority

    def attach(self, job: DownloadJobBase, cancel: Callable[[], None]) -> None:
        """Have the job's own ``cancel`` work."""
        job.on_cancel(cancel)

    def show(self, job: DownloadJobBase, state: JobState) -> None:
        """Set the status of the job."""
        job.ended_at = time.time() if state.is_final else None
        job.status = _STATUS[state]

    def begin(self, job: DownloadJobBase, sequence: int) -> None:
        """Set when and as which one the job began."""
        job.job_sequence = sequence
        job.started_at = job.started_at or time.time()

    def stop(self, job: DownloadJobBase, control: JobControl) -> None:
        """Have a download end for good; a part of an install keeps its bytes."""
        if job.IS_STORED:
            control.cancel()
        else:
            control.pause()

    def state_after(self, job: DownloadJobBase, error: BaseException) -> JobState:
        """Pause what can go on as soon as the line or the disk is well again.

        That is, where the job keeps its part; the rest has failed.
        """
        if isinstance(error, SecretNeededError):
            return JobState.PAUSED
        may_go_on = isinstance(error, ConnectionFailedError | NoSpaceError)
        return JobState.PAUSED if may_go_on and job.preserve_partial_downloads else JobState.ERROR

    def discard(self, job: DownloadJobBase) -> None:
        """Remove what has arrived."""
        self._drivers.of_job(job).discard(job)

    # -- who listens

    def has_listeners(self, job: DownloadJobBase) -> bool:
        """Tell whether a job has listeners."""
        return bool(job.event_handlers or self._handlers or job.callbacks or self._bus)

    def notify(self, job: DownloadJobBase, event: JobEvent) -> None:
        """Call the handlers of the job, those of the queue and the callbacks; tell the bus.

        Handlers see a job that runs; callbacks and the bus learn that it started when its first
        bytes have come, and of one that fails before its error alone.
        """
        for handler in (*job.event_handlers, *self._handlers):
            _call(handler, job)
        if event is JobEvent.STARTED:
            return
        if event in _ARRIVING and job.id not in self._arriving:
            self._arriving.add(job.id)
            self._tell(job, JobEvent.STARTED)
        if event.ends_run:
            self._arriving.discard(job.id)
        self._tell(job, event)

    def _tell(self, job: DownloadJobBase, event: JobEvent) -> None:
        if callback := job.callbacks.get(_CALLBACKS.get(event, "")):
            _call(callback, job)
        if self._bus is not None:
            self._dispatch(self._bus, job, event)

    def _dispatch(self, bus: EventBus, job: DownloadJobBase, event: JobEvent) -> None:
        source = self.source_of(job)
        path = printable(str(job.download_path or job.dest))
        if event is JobEvent.STARTED:
            events.download_started(bus, job.id, source, path)
        elif event is JobEvent.PROGRESS:
            done, total = job.bytes, job.total_bytes
            events.download_progress(
                bus, job.id, source, path, current_bytes=done, total_bytes=total
            )
        elif event is JobEvent.COMPLETED:
            events.download_complete(bus, job.id, source, path, job.total_bytes)
        elif event is JobEvent.CANCELLED:
            events.download_cancelled(bus, job.id, source)
        elif event is JobEvent.ERROR:
            events.download_error(bus, job.id, source, job.error_type or "", job.error or "")

    # -- jobs of earlier runs and of other processes

    def find_same(self, job: DownloadJobBase, rows: Iterable[JobRow]) -> JobRow | None:
        """Return the row that asks for the same link and destination."""
        mine = self._drivers.of_job(job).details_of(job)
        for row in rows:
            if mine.asks_for_same(DownloadDetails.decode(row.details)):
                return row
        return None

    def inherit(self, job: DownloadJobBase, row: JobRow) -> None:
        """Continue with the bytes that are kept."""
        job.download_path = job.download_path or DownloadDetails.decode(row.details).file

    def why_held(self, job: DownloadJobBase) -> SecretNeededError | None:
        """Return what to say of a job whose link or token was not stored."""
        return self._drivers.of_job(job).lacking(job)

    def may_take(self, row: JobRow) -> bool:
        """Tell whether a download waits for a secret that may be available now."""
        return row.error_type == SecretNeededError.__name__

    def discard_stored(self, row: JobRow) -> None:
        """Remove the bytes of a cancelled download of a dead process."""
        details = DownloadDetails.decode(row.details)
        if details.file is not None and details.digest:
            discard_partial(details.digest, details.file)


def _call(handler: Callable[[DownloadJobBase], None], job: DownloadJobBase) -> None:
    try:
        handler(job)
    except (Exception, SystemExit):  # noqa: BLE001 - foreign code: whatever it raises must not end the job
        name = getattr(handler, "__qualname__", repr(handler))
        _log.exception("download handler %s failed on job %s (%s)", name, job.id, job.status)

"""``DownloadQueueService``: the seed's download queue."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from modelkeep.core.events import EventBus
from modelkeep.download.base import DownloadQueueServiceBase, Source
from modelkeep.download.crew import Crew
from modelkeep.download.entry import Entry
from modelkeep.download.errands import Errands
from modelkeep.download.job import (
    DownloadEventHandler,
    DownloadJobBase,
    DownloadJobStatus,
    kind_for,
)
from modelkeep.download.telling import Mailbox, News, Teller
from modelkeep.errors import (
    JobCancelledError,
    ModelKeepError,
    ServiceInactiveException,
    UnknownJobIDException,
    UsageError,
)
from modelkeep.http.options import TransferOptions

#: How long an ended job waits for handlers that have not heard its last progress, seconds.
_GRACE = 1.0
#: How long ``join`` waits for a handler that has not returned, seconds.
_PATIENCE = 5.0

_log = logging.getLogger(__name__)


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
        options: Limits of one transfer.
        errands: Does the work of a job; made of the above when None.
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
        errands: Errands | None = None,
    ) -> None:
        self.event_handlers = list(event_handlers)
        self._bus = event_bus
        self._teller = Teller(self.event_handlers, event_bus)
        self._errands = errands or Errands(requests_session, options or TransferOptions())
        self._most = max_parallel_dl
        self._level = logging.DEBUG if quiet else logging.INFO
        self._crew = Crew("modelkeep-download")
        self._changed = threading.Condition()
        self._entries: dict[int, Entry] = {}
        self._waiting: list[tuple[int, int, Entry]] = []
        self._active = 0
        self._begun = 0
        self._last_id = -1
        self._is_running = False
        self._was_stopped = False

    @property
    def event_bus(self) -> EventBus | None:
        """The bus that was given."""
        return self._bus

    # -- life

    def start(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the seed's signature
        """Begin to work on jobs.

        Raises:
            ServiceInactiveException: it was started already.
        """
        with self._changed:
            if self._is_running:
                raise ServiceInactiveException(
                    "The download queue was started already", hint="Start it once."
                )
            self._is_running = True
            self._was_stopped = False
        self._go_on()

    def stop(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the seed's signature
        """End: waiting jobs are cancelled, running ones keep what they have for the next time."""
        with self._changed:
            if not self._is_running:
                return
            self._is_running = False
            self._was_stopped = True
            entries = list(self._entries.values())
        for entry in entries:
            if entry.job.waiting:
                self.cancel_job(entry.job)
            elif entry.job.running:
                entry.control.pause()
        self.join(_PATIENCE)
        self._crew.dismiss()
        self._errands.close()

    # -- jobs come in

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
        if not self._is_running:
            raise ServiceInactiveException(
                "The download queue is not running", hint="Call start() first."
            )
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

    def submit_download_job(  # noqa: D102, PLR0917 - the seed's signature
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
        with self._changed:
            if self._was_stopped:
                raise ServiceInactiveException(
                    "The download queue was stopped", hint="Call start() first."
                )
            if job.id in self._entries and self._entries[job.id].job is job:
                raise UsageError(
                    f"The job {job.id} was submitted already",
                    hint="start_job lets one that waits go on.",
                )
            self._is_running = True
            self._last_id += 1
            job.id = self._last_id
            job.status = DownloadJobStatus.IDLE
            self._entries[job.id] = Entry(job)
        job.heed(partial(self.cancel_job, job))
        if start:
            self.start_job(job)

    # -- control

    def start_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        entry = self._entry(job)
        with self._changed:
            if job.status not in {DownloadJobStatus.IDLE, DownloadJobStatus.PAUSED}:
                return
            was_paused = job.paused
            entry.control = self._errands.new_control()
            job.status = DownloadJobStatus.ENQUEUED
            job.exception = None
        if not was_paused:
            self._teller.tell(job, News.ENQUEUED)
        with self._changed:
            heapq.heappush(self._waiting, (job.priority, job.id, entry))
        self._go_on()

    def pause_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        entry = self._entry(job)
        if self._leave(entry, DownloadJobStatus.PAUSED):
            self._teller.tell(job, News.PAUSED)
        elif job.running:
            entry.control.pause()

    def cancel_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        entry = self._entry(job)
        if self._leave(entry, DownloadJobStatus.CANCELLED):
            self._errands.discard(job)
            job.ended_at = time.time()
            self._teller.tell(job, News.CANCELLED)
        elif job.running:
            entry.control.cancel()

    def start_all_jobs(self) -> None:  # noqa: D102 - as in the base class
        self._all(self.start_job)

    def pause_all_jobs(self) -> None:  # noqa: D102 - as in the base class
        self._all(self.pause_job)

    def cancel_all_jobs(self) -> None:  # noqa: D102 - as in the base class
        self._all(self.cancel_job)

    # -- looking

    def join(self, timeout: float = 0) -> None:  # noqa: D102 - as in the base class
        me = threading.current_thread()
        end = time.monotonic() + timeout if timeout else None

        def others() -> list[Entry]:
            return [entry for entry in self._entries.values() if entry.thread is not me]

        with self._changed:
            self._changed.wait_for(
                lambda: not any(entry.is_open for entry in others()), timeout or None
            )
            left = _PATIENCE if end is None else min(_PATIENCE, max(end - time.monotonic(), 0))
            if not self._changed.wait_for(lambda: all(e.is_told for e in others()), left):
                for entry in others():
                    if not entry.is_told:
                        _log.warning("a handler of download job %s does not return", entry.job.id)

    def list_jobs(self) -> list[DownloadJobBase]:  # noqa: D102 - as in the base class
        with self._changed:
            return [entry.job for entry in self._entries.values()]

    def id_to_job(self, id: int) -> DownloadJobBase:  # noqa: A002, D102 - the seed's name
        with self._changed:
            entry = self._entries.get(id)
        if entry is None:
            raise _unknown(id)
        return entry.job

    def prune_jobs(self) -> None:  # noqa: D102 - as in the base class
        with self._changed:
            ended = [number for number, e in self._entries.items() if e.job.in_terminal_state]
            for number in ended:
                del self._entries[number]

    # -- plumbing

    def _entry(self, job: DownloadJobBase) -> Entry:
        with self._changed:
            entry = self._entries.get(job.id)
        if entry is None or entry.job is not job:
            raise _unknown(job.id)
        return entry

    def _all(self, act: Callable[[DownloadJobBase], None]) -> None:
        for job in self.list_jobs():
            if not job.in_terminal_state:
                act(job)

    def _leave(self, entry: Entry, status: DownloadJobStatus) -> bool:
        """Give a job that is not being done another status; tell whether it is so."""
        with self._changed:
            is_idle = entry.job.status in {
                DownloadJobStatus.IDLE,
                DownloadJobStatus.ENQUEUED,
                DownloadJobStatus.PAUSED,
            }
            if is_idle and entry.job.status is not status:
                entry.job.status = status
                self._changed.notify_all()
                return True
            return False

    def _go_on(self) -> None:
        """Begin jobs while there is room for them."""
        while True:
            with self._changed:
                if not self._is_running or self._active >= self._most or not self._waiting:
                    return
                *_, entry = heapq.heappop(self._waiting)
                if not entry.job.waiting:
                    continue
                self._active += 1
                self._begun += 1
                job = entry.job
                job.job_sequence = self._begun
                job.started_at = job.started_at or time.time()
                job.status = DownloadJobStatus.RUNNING
                entry.is_told = False
                entry.mailbox = Mailbox() if self._teller.has_listeners(job) else None
            if entry.mailbox is not None:
                self._crew.run(partial(self._speak, entry, entry.mailbox))
            self._crew.run(partial(self._carry_out, entry))

    def _carry_out(self, entry: Entry) -> None:
        """Do a job; whatever it raises ends that job alone."""
        job = entry.job
        _log.log(self._level, "download job %s begins: %s", job.id, job)
        entry.tell(News.STARTED)
        try:
            self._errands.do(job, entry.control, entry.progress)
        except JobCancelledError:
            status = DownloadJobStatus.CANCELLED
        except BaseException as error:  # noqa: BLE001 - the thread must outlive any job
            status = self._errands.status_after(job, error, entry.control)
            if status is not DownloadJobStatus.PAUSED and not isinstance(error, ModelKeepError):
                _log.exception("download job %s failed", job.id)
        else:
            status = DownloadJobStatus.COMPLETED
        self._settle(entry, status)

    def _settle(self, entry: Entry, status: DownloadJobStatus) -> None:
        job = entry.job
        if entry.mailbox is not None:
            entry.mailbox.wait_until_told(_GRACE)
        with self._changed:
            if status is not DownloadJobStatus.PAUSED:
                job.ended_at = time.time()
            job.status = status
            self._active -= 1
            entry.is_told = entry.mailbox is None
            self._changed.notify_all()
        entry.tell(_LAST_NEWS[status])
        _log.log(self._level, "download job %s is %s", job.id, status)
        self._go_on()

    def _speak(self, entry: Entry, mailbox: Mailbox) -> None:
        """Tell the news of one turn of a job, in the thread that is the job's."""
        entry.thread = threading.current_thread()
        news = News.ENQUEUED
        while news not in _LAST_NEWS.values():
            news = mailbox.take()
            self._teller.tell(entry.job, news)
        entry.thread = None
        with self._changed:
            entry.is_told = entry.is_told or entry.mailbox is mailbox
            self._changed.notify_all()


_LAST_NEWS = {
    DownloadJobStatus.PAUSED: News.PAUSED,
    DownloadJobStatus.COMPLETED: News.COMPLETED,
    DownloadJobStatus.CANCELLED: News.CANCELLED,
    DownloadJobStatus.ERROR: News.ERROR,
}


def _unknown(number: int) -> UnknownJobIDException:
    return UnknownJobIDException(
        f"There is no download job {number} in this queue", hint="Submit the job first."
    )

"""``DownloadQueueService``: the seed's download queue."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from modelkeep.core.events import EventBus
from modelkeep.download.entry import Entry
from modelkeep.download.errands import Errands
from modelkeep.download.job import (
    DownloadEventHandler,
    DownloadJobBase,
    DownloadJobStatus,
)
from modelkeep.download.job_rows import job_of
from modelkeep.download.job_store import JobStore, Unstored
from modelkeep.download.listening import Listener
from modelkeep.download.making import JobMakingQueue
from modelkeep.download.telling import News, Teller
from modelkeep.download.turns import Turns
from modelkeep.errors import (
    ServiceInactiveException,
    UnknownJobIDException,
    UsageError,
)
from modelkeep.http.options import TransferOptions
from modelkeep.jobs.job_table import JobRow
from modelkeep.jobs.wishes import JobWish

#: How long ``join`` waits for a handler that has not returned, seconds.
_PATIENCE = 5.0

_log = logging.getLogger(__name__)


class DownloadQueueService(JobMakingQueue):
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
        store: Knows the jobs also in later runs and in other processes; without one they are
            forgotten with the queue.
        takes_over: ``start`` goes on with what processes left that died.
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
        store: JobStore | None = None,
        takes_over: bool = True,
    ) -> None:
        self.event_handlers = list(event_handlers)
        self._bus = event_bus
        self._teller = Teller(self.event_handlers, event_bus)
        self._errands = errands or Errands(requests_session, options or TransferOptions())
        self._entries: dict[int, Entry] = {}
        self._submitting = threading.RLock()
        self._store = store or Unstored()
        self._takes_over = takes_over
        self._turns = Turns(
            self._errands,
            self._teller,
            self._store,
            most=max_parallel_dl,
            is_quiet=quiet,
            start_again=self.start_job,
        )
        self._changed = self._turns.changed
        self._listener = Listener(self._store, self._unended, self._obey)
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
        if self._takes_over:
            self.take_over()
        self._turns.open()

    def stop(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the seed's signature
        """End: running jobs keep what they have for the next time.

        Waiting ones wait for the next run where jobs are stored; else they are cancelled.
        """
        with self._changed:
            if not self._is_running:
                return
            self._is_running = False
            self._was_stopped = True
            entries = list(self._entries.values())
        self._turns.close()
        self._listener.stop()
        for entry in entries:
            entry.is_put_down = self._store.outlives and entry.is_open
            if entry.job.waiting and not entry.is_put_down:
                self.cancel_job(entry.job)
            elif entry.is_open:
                self._hold(entry)
        self.join(_PATIENCE)
        self._store.put_down()
        self._turns.dismiss()
        self._errands.close()

    # -- jobs come in

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
        with self._submitting:
            if self._was_stopped:
                raise ServiceInactiveException(
                    "The download queue was stopped", hint="Call start() first."
                )
            entry = self._entries.get(job.id)
            if entry is not None and entry.job is job:
                raise UsageError(
                    f"The job {job.id} was submitted already",
                    hint="start_job lets one that waits go on.",
                )
            job.status = DownloadJobStatus.IDLE
            job.id = self._store.add(job, "waiting" if start else "idle")
            self._take(job)
            self._is_running = True
            self._turns.open()
        if start:
            self.start_job(job)

    def take_over(self) -> list[DownloadJobBase]:
        """Go on with the stored jobs that nobody has any more; return them.

        Those that were paused or never started come back as they were.
        """
        return [
            job
            for row in self._store.left_behind()
            if (job := self.adopt(row, start=row.status in _WAITED)) is not None
        ]

    def adopt(self, row: JobRow, *, start: bool) -> DownloadJobBase | None:
        """Make a stored job one of this queue.

        Args:
            row: A job that nobody has, or that failed.
            start: Go on with it; else it stays as it was.

        Returns:
            The job, or None when another process was first, or nobody can read the row.
        """
        try:
            job = job_of(row, self.make_job)
        except (ValueError, KeyError, TypeError):
            _log.warning("The stored download %s cannot be read", row.id, exc_info=True)
            return None
        with self._submitting:
            known = self._entries.get(row.id)
            with self._changed:  # a turn that has ended is stored a moment before it is over
                self._changed.wait_for(lambda: known is None or not known.is_open, _PATIENCE)
            if not self._store.claim(row, "waiting" if start else row.status):
                return None
            job = job if known is None else known.job
            job.ended_at = None
            job.exception = None if start else self._errands.lacking(job)
            job.id = row.id
            is_paused = row.status == DownloadJobStatus.PAUSED.value
            job.status = DownloadJobStatus.PAUSED if is_paused else DownloadJobStatus.IDLE
            self._take(job)
        if start:
            self.start_job(job)
        else:
            self._store.note(job)
            self._store.flush()
        return job

    # -- control

    def start_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        entry = self._entry(job)
        with self._changed:
            entry.starts_again = job.running
            if job.status not in {DownloadJobStatus.IDLE, DownloadJobStatus.PAUSED}:
                return
            was_paused = job.paused
            entry.control = self._errands.new_control()
            job.status = DownloadJobStatus.ENQUEUED
            job.exception = None
            entry.is_put_down = False
        self._store.note(job)
        if not was_paused:
            entry.thread = threading.current_thread()  # a handler that joins waits for others
            self._teller.tell(job, News.ENQUEUED)
            entry.thread = None
        self._turns.put(entry)

    def pause_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        self._hold(self._entry(job))

    def cancel_job(self, job: DownloadJobBase) -> None:  # noqa: D102 - as in the base class
        entry = self._entry(job)
        if self._leave(entry, DownloadJobStatus.CANCELLED):
            job.ended_at = time.time()
            self._errands.discard(job)
            self._store.note(job)
            self._store.flush()
            self._teller.tell(job, News.CANCELLED)
            return
        with self._changed:
            if job.running:
                self._errands.stop(job, entry.control)

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
            still_open: list[Entry] = []

            def is_over() -> bool:  # looks at few jobs each time: there may be thousands
                while still_open and not still_open[-1].is_open:
                    still_open.pop()
                if not still_open:
                    still_open.extend(entry for entry in others() if entry.is_open)
                return not still_open

            self._changed.wait_for(is_over, timeout or None)
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
        self._store.forget(ended)

    # -- plumbing

    def check_running(self) -> None:  # noqa: D102 - as in the base class
        if not self._is_running:
            raise ServiceInactiveException(
                "The download queue is not running", hint="Call start() first."
            )

    def _take(self, job: DownloadJobBase) -> None:
        with self._changed:
            self._entries[job.id] = Entry(job)
        job.heed(partial(self.cancel_job, job))
        self._listener.wake()

    def _unended(self) -> list[DownloadJobBase]:
        return [job for job in self.list_jobs() if not job.in_terminal_state]

    def _obey(self, number: int, wanted: JobWish) -> bool:
        """Do what another process wishes; tell whether it has come to that."""
        entry = self._entries.get(number)
        if entry is None:
            return True
        job = entry.job
        if wanted is JobWish.CANCEL:
            self.cancel_job(job)
        elif wanted is JobWish.PAUSE:
            self.pause_job(job)
        else:
            self.start_job(job)
        return wanted is JobWish.RUN or not entry.is_open

    def _hold(self, entry: Entry) -> None:
        """Pause a job, or have the one that is being done pause soon."""
        entry.starts_again = False
        if self._leave(entry, DownloadJobStatus.PAUSED):
            self._store.note(entry.job, "waiting" if entry.is_put_down else None)
            self._store.flush()
            self._teller.tell(entry.job, News.PAUSED)
        elif entry.job.running:
            entry.control.pause()

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


#: Where stored jobs were that go on by themselves in the next run.
_WAITED = ("waiting", "enqueued", "running")


def _unknown(number: int) -> UnknownJobIDException:
    return UnknownJobIDException(
        f"There is no download job {number} in this queue", hint="Submit the job first."
    )

"""``Turns``: the jobs of a queue that wait and those that are being done, several at a time."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from modelkeep.download.crew import Crew
from modelkeep.download.entry import Entry
from modelkeep.download.errands import Errands
from modelkeep.download.job import DownloadJobBase, DownloadJobStatus
from modelkeep.download.job_store import JobStore
from modelkeep.download.telling import Mailbox, News, Teller
from modelkeep.errors import JobCancelledError, ModelKeepError

#: Jobs at once while they come as fast as a local disk: more threads then only wait for each other.
_QUICK_JOBS = 3
#: A job is quick when it took less than this, or brought so many bytes each second.
_QUICK_SECONDS, _QUICK_RATE = 0.005, 100e6
#: How long that is believed of the next ones, seconds.
_BELIEVED = 0.03
#: How long an ended job waits for handlers that have not heard its last progress, seconds.
_GRACE = 1.0

_log = logging.getLogger(__name__)


class Turns:
    """Gives each waiting job its turn: low priorities first, then the oldest.

    Args:
        errands: Does the work of a job.
        teller: Tells everybody how jobs go.
        store: Where jobs are written down.
        most: Jobs at the same time.
        is_quiet: Log nothing of jobs that go well.
        start_again: Puts a job into the queue again.

    Attributes:
        changed: Guards the status of every job, and tells of its changes.
    """

    def __init__(
        self,
        errands: Errands,
        teller: Teller,
        store: JobStore,
        *,
        most: int,
        is_quiet: bool,
        start_again: Callable[[DownloadJobBase], None],
    ) -> None:
        self.changed = self._changed = threading.Condition()
        self._errands = errands
        self._teller = teller
        self._store = store
        self._most = most
        self._level = logging.DEBUG if is_quiet else logging.INFO
        self._start_again = start_again
        self._crew = Crew("modelkeep-download")
        self._waiting: list[tuple[int, int, Entry]] = []
        self._active = 0
        self._begun = 0
        self._is_open = False
        self._quick_until = 0.0
        self._is_looking = False

    def open(self) -> None:
        """Begin to give turns."""
        self._is_open = True
        self.go_on()

    def close(self) -> None:
        """Give no more turns; those that were begun end."""
        self._is_open = False

    def dismiss(self) -> None:
        """Let the threads that have nothing to do end."""
        self._crew.dismiss()

    def put(self, entry: Entry) -> None:
        """Let a job wait for its turn."""
        with self._changed:
            heapq.heappush(self._waiting, (entry.job.priority, entry.job.id, entry))
        self.go_on()

    def go_on(self) -> None:
        """Begin jobs while there is room for them."""
        while (entry := self._next()) is not None:
            self._crew.run(partial(self._work, entry))

    def _next(self) -> Entry | None:
        """Give the next job its turn, if there is room for one."""
        entry = self._take()
        if entry is not None:
            self._store.note(entry.job)
            if entry.mailbox is not None:
                self._crew.run(partial(self._speak, entry, entry.mailbox))
        return entry

    def _take(self) -> Entry | None:
        with self._changed:
            while self._is_open and self._active < self._most and self._waiting:
                if self._active >= _QUICK_JOBS and time.monotonic() < self._quick_until:
                    self._look_later()
                    return None
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
                return entry
        return None

    def _look_later(self) -> None:
        """Begin more jobs as soon as those that run turn out not to be quick after all."""
        if not self._is_looking:
            self._is_looking = True
            self._crew.run(self._look)

    def _look(self) -> None:
        while (seconds := self._quick_until - time.monotonic()) > 0:
            time.sleep(seconds)
        with self._changed:
            self._is_looking = False
        self.go_on()

    def _work(self, entry: Entry) -> None:
        """Do one job after the other: handing each to another thread would cost small files."""
        following: Entry | None = entry
        while following is not None:
            self._carry_out(following)
            following = self._next()

    def _carry_out(self, entry: Entry) -> None:
        """Do a job; whatever it raises ends that job alone."""
        job = entry.job
        begun = time.monotonic()
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
            now = time.monotonic()
            if now - begun < max(_QUICK_SECONDS, job.bytes / _QUICK_RATE):
                self._quick_until = now + _BELIEVED
        self._settle(entry, status)

    def _settle(self, entry: Entry, status: DownloadJobStatus) -> None:
        job = entry.job
        if entry.mailbox is not None:
            entry.mailbox.wait_until_told(_GRACE)
        job.connections = 0
        is_paused = status is DownloadJobStatus.PAUSED
        if not is_paused:
            job.ended_at = time.time()
        is_for_later = is_paused and entry.is_put_down and job.exception is None
        # Stored before anybody can see it: a program may exit as soon as its jobs have ended.
        self._store.note(job, "waiting" if is_for_later else status.value)
        self._store.flush()
        with self._changed:
            if is_paused and entry.control.wanted == "cancel":  # that came when all had stopped
                is_paused, status, job.ended_at = False, DownloadJobStatus.CANCELLED, time.time()
                self._errands.discard(job)
                self._store.note(job, status.value)
            job.status = status
            self._active -= 1
            goes_on = is_paused and entry.starts_again and not is_for_later
            entry.is_told = entry.mailbox is None
            self._changed.notify_all()
        entry.tell(_LAST_NEWS[status])
        self._store.flush()
        _log.log(self._level, "download job %s is %s", job.id, status)
        if goes_on:
            self._start_again(job)

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

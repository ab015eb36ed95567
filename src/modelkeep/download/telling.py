"""Telling everybody who listens how a job goes, without letting them disturb it.

The bytes arrive in other threads: a handler that is slow makes itself miss progress, and one that
never returns keeps the thread of its job and nothing else. How a job ended is always told.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

from modelkeep.core import events
from modelkeep.core.events import EventBus
from modelkeep.core.reading import printable
from modelkeep.download.job import DownloadEventHandler, DownloadJobBase
from modelkeep.http.urls import redacted

_log = logging.getLogger(__name__)


class News(Enum):
    """What there is to tell; the value is the callback of the code's form, if it has one."""

    ENQUEUED = None
    STARTED = "on_start"
    PROGRESS = "on_progress"
    PAUSED = ""
    COMPLETED = "on_complete"
    CANCELLED = "on_cancelled"
    ERROR = "on_error"


class Teller:
    """Hands news of jobs to their handlers, then to those of the queue, then to the bus.

    Args:
        handlers: Those of the queue; the list may be changed later.
        bus: Takes the download events; none are sent when None.
    """

    def __init__(self, handlers: Sequence[DownloadEventHandler], bus: EventBus | None) -> None:
        self._handlers = handlers
        self._bus = bus

    def has_listeners(self, job: DownloadJobBase) -> bool:
        """Tell whether anybody would hear of a job."""
        return bool(job.event_handlers or self._handlers or job.callbacks or self._bus)

    def tell(self, job: DownloadJobBase, news: News) -> None:
        """Tell one piece of news; what a listener raises is logged."""
        for handler in (*job.event_handlers, *self._handlers):
            _call(handler, job)
        if news.value and (callback := job.callbacks.get(news.value)):
            _call(callback, job)
        if self._bus is not None:
            _dispatch(self._bus, job, news)


class Mailbox:
    """News that waits for the thread of its job; of progress only the latest."""

    def __init__(self) -> None:
        self._news: deque[News] = deque()
        self._changed = threading.Condition()
        self._is_telling = False

    def put(self, news: News) -> None:
        """Add news; never waits."""
        with self._changed:
            if news is News.PROGRESS and self._news and self._news[-1] is News.PROGRESS:
                return
            self._news.append(news)
            self._changed.notify_all()

    def take(self) -> News:
        """Wait for the next news; what was taken before is told by now."""
        with self._changed:
            self._is_telling = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._news)
            self._is_telling = True
            return self._news.popleft()

    def wait_until_told(self, seconds: float) -> bool:
        """Wait so long until all is told; tell whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._news or self._is_telling), seconds)


def _call(handler: Callable[[DownloadJobBase], None], job: DownloadJobBase) -> None:
    try:
        handler(job)
    except (Exception, SystemExit):  # noqa: BLE001 - foreign code: whatever it raises must not end the job
        name = getattr(handler, "__qualname__", repr(handler))
        _log.exception("download handler %s failed on job %s (%s)", name, job.id, job.status)


def _dispatch(bus: EventBus, job: DownloadJobBase, news: News) -> None:
    source = printable(redacted(str(job.source)))
    path = printable(str(job.download_path or job.dest))
    if news is News.STARTED:
        events.download_started(bus, job.id, source, path)
    elif news is News.PROGRESS:
        done, total = job.bytes, job.total_bytes
        events.download_progress(bus, job.id, source, path, current_bytes=done, total_bytes=total)
    elif news is News.COMPLETED:
        events.download_complete(bus, job.id, source, path, job.total_bytes)
    elif news is News.CANCELLED:
        events.download_cancelled(bus, job.id, source)
    elif news is News.ERROR:
        events.download_error(bus, job.id, source, job.error_type or "", job.error or "")

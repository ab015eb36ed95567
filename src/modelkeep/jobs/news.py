"""What listeners of a job are told, and the mailbox from which the thread of the job takes it.

The work is done in another thread: a listener that is slow misses progress, and one that never
returns keeps its thread and nothing else. How a job ended is always told.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum, auto

from modelkeep.jobs.states import JobState


class News(Enum):
    """One kind of change of a job."""

    QUEUED = auto()
    STARTED = auto()
    STAGE = auto()
    PROGRESS = auto()
    PAUSED = auto()
    COMPLETED = auto()
    CANCELLED = auto()
    ERROR = auto()


#: What ends a run, by the state that the job has then.
LAST_NEWS = {
    JobState.PAUSED: News.PAUSED,
    JobState.COMPLETED: News.COMPLETED,
    JobState.CANCELLED: News.CANCELLED,
    JobState.ERROR: News.ERROR,
}
_LAST = frozenset(LAST_NEWS.values())


class Mailbox:
    """News of one run that waits for the thread of the job; of progress only the latest."""

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


def is_last(news: News) -> bool:
    """Tell whether news ends a run."""
    return news in _LAST

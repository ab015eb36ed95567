"""What listeners of a job are notified of, and the queue that hands it to the job's own thread.

The work is done in another thread: a listener that is slow misses progress, and one that never
returns keeps its thread and nothing else. How a job ended is always notified.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum, auto

from modelkeep.jobs.states import JobState


class JobEvent(Enum):
    """One kind of change of a job."""

    QUEUED = auto()
    STARTED = auto()
    STAGE = auto()
    PROGRESS = auto()
    PAUSED = auto()
    COMPLETED = auto()
    CANCELLED = auto()
    ERROR = auto()

    @property
    def ends_run(self) -> bool:
        """Nothing more happens in this run of the job."""
        return self in _LAST


#: The event that ends a run, by the state that the job has then.
LAST_EVENTS = {
    JobState.PAUSED: JobEvent.PAUSED,
    JobState.COMPLETED: JobEvent.COMPLETED,
    JobState.CANCELLED: JobEvent.CANCELLED,
    JobState.ERROR: JobEvent.ERROR,
}
_LAST = frozenset(LAST_EVENTS.values())


class EventQueue:
    """The events of one run that listeners have yet to see; of progress only the latest."""

    def __init__(self) -> None:
        self._events: deque[JobEvent] = deque()
        self._changed = threading.Condition()
        self._is_busy = False

    def put(self, event: JobEvent) -> None:
        """Add an event; never waits."""
        with self._changed:
            is_progress = event is JobEvent.PROGRESS
            if is_progress and self._events and self._events[-1] is JobEvent.PROGRESS:
                return
            self._events.append(event)
            self._changed.notify_all()

    def take(self) -> JobEvent:
        """Wait for the next event; listeners have seen those that were taken before."""
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._events)
            self._is_busy = True
            return self._events.popleft()

    def wait_until_seen(self, seconds: float) -> None:
        """Wait until listeners have seen all, but no longer than this."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._events or self._is_busy), seconds)

"""``SharedLimiter``: one bandwidth for all connections of all jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from modelkeep.core.bwlimit import Timetable

#: Bytes may be had beforehand for this long: longer would be felt as a burst.
_BURST_SECONDS = 0.1
#: How often a wait looks whether it is still wanted, and what the timetable says now.
_LOOK_SECONDS = 0.1

Clock = Callable[[], float]


def _local_now() -> datetime:
    return datetime.now().astimezone()


class SharedLimiter:
    """Lets no more bytes through than a timetable allows.

    Bytes are given out in the order in which they are asked for, so connections that ask for
    pieces of one size get equal shares, whatever job they belong to.

    Args:
        timetable: What is allowed when.
        clock: Gives seconds that only grow.
        now: Gives the local time.
        pause: Waits so many seconds.
    """

    def __init__(
        self,
        timetable: Timetable,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = _local_now,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timetable = timetable
        self._is_unlimited = timetable.is_unlimited
        self._clock = clock
        self._now = now
        self._pause = pause
        self._lock = threading.Lock()
        # When all that was given out so far will have been due.
        self._due_at = clock()

    def take(self, count: int, cancelled: Callable[[], bool]) -> float:
        """Wait until ``count`` bytes may be read; come back early once ``cancelled``.

        Returns:
            The seconds that were waited.
        """
        if self._is_unlimited:
            return 0.0
        begun = self._clock()
        ready_at = self._reserve(count, begun)
        while not cancelled():
            left = ready_at - self._clock()
            if left <= 0 or self._timetable.rate_at(self._now()) is None:
                break
            self._pause(min(left, _LOOK_SECONDS))
        return self._clock() - begun

    def _reserve(self, count: int, now: float) -> float:
        """Put bytes at the end of the queue; return when they may be read."""
        rate = self._timetable.rate_at(self._now())
        with self._lock:
            if rate is None:
                self._due_at = now
                return now
            # Time in which nobody wanted anything is lost, but for a short burst.
            ready_at = max(self._due_at, now - _BURST_SECONDS)
            self._due_at = ready_at + count / rate
            return ready_at

"""``TokenBucket``: limits the rate of reading."""

from __future__ import annotations

import time
from collections.abc import Callable

from modelkeep.core.hashing import Progress


class TokenBucket:
    """Limits the bytes per second, with bursts of at most one second's worth.

    Args:
        rate: Bytes a second; more than 0.
        clock: Seconds that never go back.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._room = rate
        self._last = clock()

    def take(self, count: int) -> None:
        """Take ``count`` bytes, waiting until the rate allows it."""
        now = self._clock()
        self._room = min(self._rate, self._room + (now - self._last) * self._rate) - count
        self._last = now
        if self._room < 0:
            self._sleep(-self._room / self._rate)


def at_most(bucket: TokenBucket | None, progress: Progress) -> Progress:
    """Return ``progress``, limited to the rate of ``bucket``."""
    if bucket is None:
        return progress

    def report(count: int) -> None:
        progress(count)
        bucket.take(count)

    return report

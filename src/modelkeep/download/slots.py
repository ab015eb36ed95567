"""``SharedSlots``: how many connections one host is asked for, by all jobs together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

#: More is what servers take for an attack; browsers ask for six, download managers for sixteen.
PER_HOST = 16
#: How often a wait looks whether it is still wanted.
_LOOK_SECONDS = 0.1


class SharedSlots:
    """Caps the connections to each host over all jobs.

    A job needs its first connection; further ones only make it faster. Some are therefore kept
    for the first connections of other jobs, so that one large file never keeps out the rest.

    Args:
        per_host: Connections to one host at most.
        jobs: Jobs that may run at once.
    """

    def __init__(self, per_host: int = PER_HOST, jobs: int = 1) -> None:
        self._per_host = per_host
        self._kept_free = min(jobs - 1, per_host // 2)
        self._used: Counter[str] = Counter()
        self._changed = threading.Condition()

    def acquire(self, host: str, cancelled: Callable[[], bool]) -> bool:
        """Wait for a connection to ``host``; False once ``cancelled``."""
        with self._changed:
            while not cancelled():
                if self._used[host] < self._per_host:
                    self._used[host] += 1
                    return True
                self._changed.wait(_LOOK_SECONDS)
        return False

    def try_acquire(self, host: str) -> bool:
        """Take a further connection to ``host``; False when none is free now."""
        with self._changed:
            is_free = self._used[host] < self._per_host - self._kept_free
            if is_free:
                self._used[host] += 1
            return is_free

    def release(self, host: str) -> None:
        """Give one connection to ``host`` back."""
        with self._changed:
            self._used[host] -= 1
            if not self._used[host]:
                del self._used[host]
            self._changed.notify_all()

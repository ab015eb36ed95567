"""``Expiry``: lets parts go that were not used for as long as they should stay."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Expiry:
    """Calls ``expire`` whenever the next part may go; one timer at a time, and only while needed.

    Args:
        expire: Lets go of what is due; returns the seconds until the next is, or None.
    """

    def __init__(self, expire: Callable[[], float | None]) -> None:
        self._expire = expire
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_stopped = False

    def look(self) -> None:
        """Let go of what is due now, and wait for the next."""
        wait = self._expire()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if wait is not None and not self._is_stopped:
                self._timer = threading.Timer(min(wait, threading.TIMEOUT_MAX), self.look)
                self._timer.daemon = True
                self._timer.start()

    def stop(self) -> None:
        """Wait for nothing any more."""
        with self._lock:
            self._is_stopped = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

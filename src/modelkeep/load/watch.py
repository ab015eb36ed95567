"""``LoadWatch``: how far a load is, and whether anybody still wants it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from modelkeep.errors import LoadCancelledError

#: Called with the bytes that are done and the bytes in all.
OnProgress = Callable[[int, int], object]


class LoadWatch:
    """Counts the bytes of one load; stops it once nobody waits.

    Args:
        total: Bytes that will be read, as far as that is known before.
        report: Gets each step.
        is_unwanted: Set once nobody waits for the load.

    Attributes:
        done: Bytes so far.
    """

    def __init__(
        self,
        total: int = 0,
        report: OnProgress = lambda _done, _total: None,
        is_unwanted: threading.Event | None = None,
    ) -> None:
        self.total = total
        self.done = 0
        self._report = report
        self._is_unwanted = is_unwanted or threading.Event()

    def check(self) -> None:
        """Stop the load if nobody waits for it.

        Raises:
            LoadCancelledError: nobody waits.
        """
        if self._is_unwanted.is_set():
            raise LoadCancelledError("Loading was cancelled")

    def advance(self, count: int) -> None:
        """Note that so many bytes more are done.

        Raises:
            LoadCancelledError: nobody waits.
        """
        self.check()
        self.done += count
        self._report(self.done, max(self.total, self.done))

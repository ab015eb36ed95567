"""``StopSignals``: what tells a server to stop, and the exit status that goes with it."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Protocol, Self

#: Each signal that ends a server, and the exit status. A service manager ends it by SIGTERM.
_STATUSES = {signal.SIGTERM: 0, signal.SIGINT: 130, signal.SIGHUP: 130}


class _Stoppable(Protocol):
    should_exit: bool


class StopSignals:
    """Takes SIGTERM, SIGINT and SIGHUP for as long as the block lasts.

    The first of them stops the server, a second SIGINT ends the process at once.

    Attributes:
        status: Exit status of the process.
    """

    def __init__(self) -> None:
        self.status = 0
        self._is_told = False
        self._server: _Stoppable | None = None
        self._told_at = 0.0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._before = {
            number: signal.signal(number, self._stop)
            for number in _STATUSES
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def tell(self, server: _Stoppable) -> None:
        """Have a server stop at the first signal, also where that came before."""
        self._server = server
        server.should_exit = self._is_told

    def left(self, seconds: float) -> float:
        """Return how much is left of the seconds since the server was told to stop."""
        return max(seconds - (time.monotonic() - self._told_at), 0.0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._is_told and number == signal.SIGINT:
            sys.stderr.write("\nEnded at once; unfinished jobs go on at the next start.\n")
            sys.stderr.flush()
            os._exit(130)
        if not self._is_told:
            self._is_told = True
            self._told_at = time.monotonic()
            self.status = _STATUSES[signal.Signals(number)]
        if self._server is not None:
            self._server.should_exit = True

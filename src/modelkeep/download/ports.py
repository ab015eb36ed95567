"""What a transfer needs of the jobs beside it: bandwidth and connections, shared by all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Limiter(Protocol):
    """Shares the bandwidth that may be used."""

    def take(self, count: int, cancelled: Callable[[], bool]) -> float:
        """Wait until ``count`` bytes may be read; come back early once ``cancelled``.

        Returns:
            The seconds that were waited.
        """
        ...


class HostSlots(Protocol):
    """Shares the connections that one host may be asked for."""

    def acquire(self, host: str, cancelled: Callable[[], bool]) -> bool:
        """Wait for a connection to ``host``; False once ``cancelled``."""
        ...

    def try_acquire(self, host: str) -> bool:
        """Take a further connection to ``host``; False when none is free now."""
        ...

    def release(self, host: str) -> None:
        """Give one connection to ``host`` back."""
        ...


class NoLimit:
    """A limiter that limits nothing."""

    def take(self, count: int, cancelled: Callable[[], bool]) -> float:
        """Let all bytes through at once."""
        del count, cancelled
        return 0.0


class FreeSlots:
    """As many connections to every host as are wanted."""

    def acquire(self, host: str, cancelled: Callable[[], bool]) -> bool:
        """Give one at once."""
        del host
        return not cancelled()

    def try_acquire(self, host: str) -> bool:
        """Give one at once."""
        del host
        return True

    def release(self, host: str) -> None:
        """Take one back."""

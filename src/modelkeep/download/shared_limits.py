"""What all transfers of a process share: bandwidth, connections to a host, and free disk space."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from modelkeep.core.bwlimit import Timetable

#: Idle bandwidth that may be used later, in seconds: more would be felt as a burst.
_BURST_SECONDS = 0.1
#: Seconds between two checks of a wait: whether it is cancelled, and what the timetable says.
_POLL_SECONDS = 0.1
#: Connections to one host; servers take more for an attack (browsers open six).
PER_HOST = 16

_NO_LIMIT = Timetable()

Clock = Callable[[], float]


def _local_now() -> datetime:
    return datetime.now().astimezone()


class SharedLimiter:
    """Lets no more bytes through than a timetable allows.

    Bytes are granted first come, first served, so connections that read blocks of one size get
    equal shares, whatever job they belong to.

    Args:
        clock: Returns monotonic seconds.
        now: Returns the local time.
        pause: Sleeps so many seconds.
    """

    def __init__(
        self,
        timetable: Timetable = _NO_LIMIT,
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
        # When all bytes granted so far are due.
        self._due_at = clock()

    def take(self, count: int, cancelled: Callable[[], bool]) -> float:
        """Wait until ``count`` bytes may be read, or ``cancelled``; return the seconds of that."""
        if self._is_unlimited:
            return 0.0
        begun = self._clock()
        ready_at = self._reserve(count, begun)
        while not cancelled():
            left = ready_at - self._clock()
            if left <= 0 or self._timetable.rate_at(self._now()) is None:
                break
            self._pause(min(left, _POLL_SECONDS))
        return self._clock() - begun

    def _reserve(self, count: int, now: float) -> float:
        """Grant bytes after all earlier ones; return when they may be read."""
        rate = self._timetable.rate_at(self._now())
        with self._lock:
            if rate is None:
                self._due_at = now
                return now
            # Idle time is lost, but for a short burst.
            ready_at = max(self._due_at, now - _BURST_SECONDS)
            self._due_at = ready_at + count / rate
            return ready_at


class SharedSlots:
    """Caps the connections to each host over all jobs.

    Some slots are reserved for the first connections of other jobs, so that one large file never
    blocks the rest.

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
                self._changed.wait(_POLL_SECONDS)
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


class Claimant(Protocol):
    """A running transfer, as far as it takes disk space."""

    @property
    def path(self) -> Path | None:
        """The file that it writes; None while its name could not be resolved."""
        ...

    @property
    def expected_bytes(self) -> int:
        """Bytes that it will still take from the free space, as far as is known."""
        ...


class SpaceClaims:
    """Counts what running transfers will still write, so that they leave each other room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Claimant] = []

    @contextmanager
    def claimed(self, claimant: Claimant) -> Iterator[None]:
        """Count what ``claimant`` will write while the block runs."""
        with self._lock:
            self._running.append(claimant)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(claimant)

    def by_others(self, target: Path, own: Claimant) -> int:
        """Return the bytes that the others will still write to the file system of ``target``."""
        with self._lock:
            others = [each for each in self._running if each is not own]
        device = _device(target)
        return sum(
            each.expected_bytes
            for each in others
            if each.path is not None and _device(each.path) == device
        )


def _device(path: Path) -> int | None:
    """Return the file system that a path will lie on; None when no parent folder exists."""
    for folder in (path, *path.parents):
        try:
            return folder.stat().st_dev
        except OSError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """What one transfer shares with the others; limits nothing by default."""

    bandwidth: SharedLimiter = field(default_factory=SharedLimiter)
    slots: SharedSlots = field(default_factory=SharedSlots)
    space: SpaceClaims = field(default_factory=SpaceClaims)

"""``Flight``: one piece of work however many ask for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from modelkeep.errors import LoadCancelledError, LoadTimeoutError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Seconds between two looks at whether a waiter is still interested.
_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class _Trip(Generic[V]):
    """Work that is under way.

    Attributes:
        waiting: How many wait for it.
        was_taken: Somebody got its result.
        is_unwanted: Set once nobody waits any more.
    """

    waiting: int = 0
    was_taken: bool = False
    is_over: threading.Event = field(default_factory=threading.Event)
    is_unwanted: threading.Event = field(default_factory=threading.Event)
    result: list[V] = field(default_factory=list)
    error: BaseException | None = None


class Flight(Generic[K, V]):
    """Does the work for a key once, however many threads ask for it meanwhile.

    The work runs in a thread of its own: a caller who gives up takes nothing from the others, and
    all of them get the same result or the same error. Nothing is kept afterwards.

    Args:
        discard: Takes a result that nobody waited for to the end.
        name: Of the threads.
    """

    def __init__(
        self, discard: Callable[[V], object] = lambda _: None, *, name: str = "modelkeep-load"
    ) -> None:
        self._discard = discard
        self._name = name
        self._lock = threading.Lock()
        self._trips: dict[K, _Trip[V]] = {}

    def join(
        self,
        key: K,
        work: Callable[[threading.Event], V],
        *,
        is_unwanted: Callable[[], bool] = lambda: False,
        timeout: float | None = None,
    ) -> V:
        """Return what the work for a key gives; begin it if it is not under way.

        Args:
            key: Names the work.
            work: Does it. Gets an event that is set once nobody waits; it may stop then, with any
                error.
            is_unwanted: Tells whether this caller gave up.
            timeout: Seconds after which this caller gives up.

        Raises:
            LoadCancelledError: this caller gave up.
            LoadTimeoutError: the time is over.
            Exception: what the work raised.
        """
        end = None if timeout is None else time.monotonic() + timeout
        trip = self._join(key, work)
        try:
            while not trip.is_over.wait(_pause(end)):
                if is_unwanted():
                    raise LoadCancelledError(f"Loading {key} was cancelled")
                if end is not None and time.monotonic() >= end:
                    raise LoadTimeoutError(
                        f"{key} was not loaded within {timeout} seconds",
                        hint="Try again, or allow more time.",
                    )
            if trip.error is not None:
                raise trip.error
            trip.was_taken = True
            return trip.result[0]
        finally:
            self._leave(key, trip)

    def _join(self, key: K, work: Callable[[threading.Event], V]) -> _Trip[V]:
        with self._lock:
            trip = self._trips.get(key)
            if trip is None:
                trip = self._trips[key] = _Trip()
                threading.Thread(
                    target=self._fly, args=(key, trip, work), name=self._name, daemon=True
                ).start()
            trip.waiting += 1
            return trip

    def _leave(self, key: K, trip: _Trip[V]) -> None:
        with self._lock:
            trip.waiting -= 1
            if trip.waiting:
                return
            trip.is_unwanted.set()
            self._forget(key, trip)  # who comes now begins anew
            is_left = trip.is_over.is_set() and not trip.was_taken
        if is_left:
            self._drop(trip)
        trip.result.clear()  # whoever waited has it; this thread may live on for a moment

    def _fly(self, key: K, trip: _Trip[V], work: Callable[[threading.Event], V]) -> None:
        try:
            trip.result.append(work(trip.is_unwanted))
        except BaseException as error:  # noqa: BLE001 - it is raised in those who wait
            trip.error = error
        with self._lock:
            trip.is_over.set()
            self._forget(key, trip)
            is_left = not trip.waiting
        if is_left:
            self._drop(trip)

    def _forget(self, key: K, trip: _Trip[V]) -> None:
        if self._trips.get(key) is trip:
            del self._trips[key]

    def _drop(self, trip: _Trip[V]) -> None:
        while trip.result:
            self._discard(trip.result.pop())


def _pause(end: float | None) -> float:
    if end is None:
        return _LOOK_SECONDS
    return max(min(_LOOK_SECONDS, end - time.monotonic()), 0.0)

"""``LoadEvents``: tells a bus how a load goes, with the ids of who asked for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from modelkeep.core.events import (
    LOAD_COMPLETED,
    LOAD_ERROR,
    LOAD_PROGRESS,
    LOAD_STARTED,
    MODEL_EVENT,
    MODEL_UNLOADED,
    EventBus,
    emit,
    is_heard,
)

#: What the specification's events say of who asked; a context may lack any of them.
_IDS = ("queue_id", "queue_item_id", "queue_batch_id", "graph_execution_state_id")
#: A progress event goes out when so much of the bytes is done, or after so many seconds.
_SHARE = 0.02
_SECONDS = 0.25


class LoadEvents:
    """The events of one request for a part.

    Args:
        bus: Of the service; None for none.
        context: Of who asked: its ids, and a bus of its own where it has one.
        facts: Returns what every event says: ``model_key``, ``submodel``, ``hash``,
            ``location``, ``precision``.
        clock: Tells the time, in seconds that only run forward.
    """

    def __init__(
        self,
        bus: EventBus | None,
        context: object,
        facts: Callable[[], dict[str, Any]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        theirs = bus_of(context) if context is not None else None
        self._buses = [one for one in (bus, theirs if theirs is not bus else None) if one]
        self._ids = {name: getattr(context, name, None) for name in _IDS}
        self._facts = facts
        self._clock = clock
        self._lock = threading.Lock()
        self._told = (0, -_SECONDS)

    def started(self) -> None:
        """Tell that it is being loaded."""
        self._emit(LOAD_STARTED)

    def progress(self, done: int, total: int) -> None:
        """Tell how many bytes are done, every 2 % or 0.25 s."""
        now = self._clock()
        with self._lock:
            before, when = self._told
            is_due = done - before >= total * _SHARE or now - when >= _SECONDS
            if not is_due or done <= before:
                return
            self._told = (done, now)
        self._emit(LOAD_PROGRESS, bytes=done, total_bytes=total)

    def completed(self, bytes_: int, *, is_cached: bool) -> None:
        """Tell that it is ready."""
        self._emit(LOAD_COMPLETED, bytes=bytes_, cached=is_cached)

    def failed(self, error: BaseException) -> None:
        """Tell that it could not be loaded."""
        self._emit(LOAD_ERROR, error_type=type(error).__name__, error=str(error))

    def _emit(self, event: str, **data: Any) -> None:
        for bus in filter(is_heard, self._buses):
            emit(bus, MODEL_EVENT, event, **self._ids, **self._facts(), **data)


def unloaded(bus: EventBus | None, **data: Any) -> None:
    """Tell that a part left the memory of a device."""
    emit(bus, MODEL_EVENT, MODEL_UNLOADED, **data)


def bus_of(context: object) -> EventBus | None:
    """Return the bus of a context: its ``event_bus``, ``events`` or ``services.events``."""
    places = (
        getattr(context, "event_bus", None),
        getattr(context, "events", None),
        getattr(getattr(context, "services", None), "events", None),
    )
    return next((place for place in places if callable(getattr(place, "dispatch", None))), None)

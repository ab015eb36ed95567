"""``EventHub``: the bus of the server, which sends events to those who listen over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from modelkeep.core import events
from modelkeep.core.events import LocalEventBus
from modelkeep.web.events.ring import EventRing, Framed
from modelkeep.web.events.stream import Stream, nothing

#: Progress of one job is sent this often, seconds.
_PROGRESS_SECONDS = 0.1
#: How often streams are looked after: idle ones get a sign of life, stuck ones are dropped.
_CARE_SECONDS = 15.0
_PROGRESS = frozenset(
    {
        events.INSTALL_DOWNLOADING,
        events.DOWNLOAD_PROGRESS,
        events.LOAD_PROGRESS,
        events.TASK_PROGRESS,
    }
)
_KEYS = ("id", "model_key", "submodel", "source")


class EventHub(LocalEventBus):
    """Takes the events of all services, in any thread, and sends them to handlers and streams.

    Each event is framed once. Progress waits a moment and is merged for each job; everything else
    is sent at once.

    Attributes:
        ring: Numbers events and keeps the last of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ring = EventRing()
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._by_token: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Framed] = []
        self._held: dict[object, tuple[str, dict[str, Any]]] = {}
        self._is_timed = self._is_cared_for = self._is_over = False
        self._begins: Callable[[], None] = nothing
        self._ends: Callable[[], None] = nothing

    def on_listening(self, begins: Callable[[], None], ends: Callable[[], None]) -> None:
        """Have ``begins`` called when somebody listens, and ``ends`` when nobody does any more."""
        self._begins, self._ends = begins, ends

    # -- events come in, in any thread

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        """Take one event."""
        super().dispatch(topic, payload)
        name, data = payload.get("event"), payload.get("data") or {}
        with self._lock:
            if name in _PROGRESS:
                self._held[name, *(data.get(key) for key in _KEYS)] = (topic, payload)
                if self._streams and not self._is_timed:
                    self._is_timed = self._call(self._start_timer)
                return
            self._release_held()
            self._publish(topic, payload)

    def _release_held(self) -> None:
        held, self._held = self._held, {}
        for job, (topic, payload) in held.items():
            self._publish(topic, payload, job)

    def _publish(self, topic: str, payload: dict[str, Any], replaces: object = None) -> None:
        framed = self.ring.add(topic, payload, replaces)
        if not self._streams:
            return
        self._waiting.append(framed)
        if len(self._waiting) == 1:
            self._call(self._deliver)

    def _call(self, work: Callable[[], None]) -> bool:
        """Have something done in the loop of the streams; tell whether that is still there."""
        if self._loop is None or self._loop.is_closed():
            return False
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # it was closed a moment ago
            return False
        return True

    # -- streams, in their loop

    def join(self, token: str, seen: str | None, *, at_most: int, of_token: int) -> Stream | None:
        """Add a stream; None where there are too many.

        Args:
            token: Name of the token of who listens.
            seen: ``id`` of the last event that it has.
            at_most: Streams in all.
            of_token: Streams of one token.
        """
        with self._lock:
            if len(self._streams) >= at_most or self._by_token[token] >= of_token:
                return None
            self._release_held()
            loop = asyncio.get_running_loop()
            if loop is not self._loop:
                self._loop, self._is_cared_for, self._is_timed = loop, False, False
                self._waiting.clear()
            stream = Stream(token, loop, self.ring.last, self.ring.after(seen))
            if self._is_over:
                stream.close()
            self._streams.add(stream)
            self._by_token[token] += 1
            is_first = len(self._streams) == 1
            if not self._is_cared_for:
                self._is_cared_for = True
                loop.call_later(_CARE_SECONDS, self._care)
        if is_first:
            self._begins()
        return stream

    def leave(self, stream: Stream) -> None:
        """Take a stream off."""
        with self._lock:
            self._streams.discard(stream)
            self._by_token -= Counter([stream.token])
            is_last = not self._streams
            if is_last:
                self._waiting.clear()
        if is_last:
            self._ends()

    def end(self) -> None:
        """End all streams, and those that are begun later; may be called in any thread."""
        with self._lock:
            self._is_over = True
            self._call(self._end_all)

    @property
    def listeners(self) -> int:
        """How many streams there are."""
        return len(self._streams)

    def _end_all(self) -> None:
        for stream in tuple(self._streams):
            stream.close()
            if stream.is_stuck(0):
                stream.drop()

    def _start_timer(self) -> None:
        if self._loop is not None:
            self._loop.call_later(_PROGRESS_SECONDS, self._on_time)

    def _on_time(self) -> None:
        with self._lock:
            self._is_timed = False
            self._release_held()

    def _deliver(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
            streams = tuple(self._streams)
        if not batch:
            return
        joined = b"".join(framed.data for framed in batch)
        for stream in streams:
            stream.offer(batch, joined)

    def _care(self) -> None:
        for stream in tuple(self._streams):
            stream.care()
        with self._lock:
            self._is_cared_for = bool(self._streams) and self._loop is not None
            if self._is_cared_for and self._loop is not None:
                self._loop.call_later(_CARE_SECONDS, self._care)

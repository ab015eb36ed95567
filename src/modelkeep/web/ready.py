"""``ReadyAnswers``: answers and counts that hold until the catalogue changes."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from modelkeep.core import limits

T = TypeVar("T")

#: Text searches and counts take this many threads at most, so that they never take all.
_THREADS = 3


class ReadyAnswers:
    """The last answers, each for one query in one state of the catalogue.

    Args:
        most: Bytes that are kept.
    """

    def __init__(self, most: int = limits.READY_ANSWER_BYTES) -> None:
        self._most = most
        self._boot = secrets.token_hex(4)
        self._kept: OrderedDict[bytes, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="modelkeep-search")
        self._running: dict[tuple[bytes, int], asyncio.Future[bytes]] = {}

    def tag(self, state: int) -> str:
        """Return the ``ETag`` of every answer in one state of the catalogue.

        It is a weak one, and of this server alone: others count other states.
        """
        return f'W/"{self._boot}-{state}"'

    def get(self, query: bytes, state: int) -> bytes | None:
        """Return the answer to a query, if it is kept and nothing changed since."""
        with self._lock:
            found = self._kept.get(query)
            if found is None or found[0] != state:
                return None
            self._kept.move_to_end(query)
            return found[1]

    def put(self, query: bytes, state: int, answer: bytes) -> None:
        """Keep an answer; those that were not asked for the longest go.

        Args:
            query: What was asked.
            state: Of the catalogue, from before it was read.
            answer: The bytes.
        """
        size = len(query) + len(answer)
        with self._lock:
            self._drop(query)
            if size > self._most // 8:
                return
            self._kept[query] = (state, answer)
            self._bytes += size
            while self._bytes > self._most:
                self._drop(next(iter(self._kept)))

    def forget(self) -> None:
        """Drop all answers, and have who kept them ask again: the roots have changed."""
        with self._lock:
            self._boot = secrets.token_hex(4)
            self._kept.clear()
            self._bytes = 0

    def end(self) -> None:
        """Have the threads end once they are done with what they began."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def work(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, done in one of a few threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def work_once(self, place: tuple[bytes, int], work: Callable[[], bytes]) -> bytes:
        """Return what ``work`` returns, done once for all who ask for one place at a time."""
        running = self._running.get(place)
        if running is None:
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
            self._running[place] = running
            running.add_done_callback(lambda _: self._running.pop(place, None))
        return await asyncio.shield(running)

    def _drop(self, query: bytes) -> None:
        gone = self._kept.pop(query, None)
        if gone is not None:
            self._bytes -= len(query) + len(gone[1])

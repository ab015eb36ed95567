"""``Cache``: entries in one kind of memory, loaded once, locked while in use, evicted by worth."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from modelkeep.load.budget import MemoryBudget
from modelkeep.load.eviction import EvictionOrder
from modelkeep.load.flight import Flight

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Gone(StrEnum):
    """Why an entry left the cache.

    ``memory``: others needed its memory. ``evicted``: somebody asked for it. ``expired``: it was
    not used for as long as it should stay. ``changed``: somebody changed it while using it.
    """

    MEMORY = "memory"
    EVICTED = "evicted"
    EXPIRED = "expired"
    CHANGED = "changed"


@dataclass(slots=True, eq=False)
class CacheEntry(Generic[K, V]):
    """Something that was loaded.

    Attributes:
        key: Of its contents.
        bytes: What it takes, counted until the last holder lets go.
        seconds: How long it took to load.
        holders: How many use it now.
        is_gone: It was evicted; who holds it may use it to the end.
        keep_alive: Seconds that it stays after its last use; for ever where memory allows, by
            default.
        last_used: When its last holder let go, in seconds of the cache's clock.
        why_gone: Why it was evicted.
    """

    key: K
    value: V
    bytes: int
    seconds: float
    holders: int = 0
    is_gone: bool = False
    keep_alive: float = math.inf
    last_used: float = 0.0
    why_gone: Gone = Gone.MEMORY


@dataclass(slots=True, eq=False)
class _Arrival(Generic[K, V]):
    """What a flight brings: an entry with one lock, which the first who gets it takes over."""

    entry: CacheEntry[K, V]
    is_taken: bool = False


@dataclass(slots=True)
class CacheStats:
    """What a cache did since it was made.

    Attributes:
        seconds: Spent on loading.
        bytes_loaded: Bytes of all loads.
    """

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    seconds: float = 0.0
    bytes_loaded: int = 0


class Loader(Protocol[V_co]):
    """Loads the contents of one entry."""

    @property
    def bytes(self) -> int:
        """Bytes that the result will take, as far as that is known before."""
        ...

    def load(self, is_unwanted: threading.Event) -> tuple[V_co, int]:
        """Return the contents and the bytes that they take.

        Args:
            is_unwanted: Set once nobody waits; stop then, with any error.
        """
        ...


class Cache(Generic[K, V]):
    """Entries in one kind of memory. Safe to use from several threads.

    Bytes stay within the budget, but for what is locked: an entry that is in use never goes, and
    nobody waits for memory, so that what is held never blocks who asks.

    Args:
        budget: Counts the bytes.
        drop: Called with each entry that goes, without a lock, once nobody holds it.
        clock: Tells the time, in seconds that only run forward.

    Attributes:
        stats: What it did.
    """

    def __init__(
        self,
        budget: MemoryBudget,
        drop: Callable[[CacheEntry[K, V]], object] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._drop = drop
        self._clock = clock
        self._lock = threading.RLock()
        self._entries: dict[K, CacheEntry[K, V]] = {}
        self._order: EvictionOrder[K] = EvictionOrder(lambda: budget.limit)
        self._flight: Flight[K, _Arrival[K, V]] = Flight(lambda brought: self.unlock(brought.entry))
        self.stats = CacheStats()

    @contextmanager
    def held(
        self,
        key: K,
        loader: Loader[V],
        *,
        is_unwanted: Callable[[], bool] = lambda: False,
        timeout: float | None = None,
    ) -> Iterator[CacheEntry[K, V]]:
        """Lock an entry for a block; see ``lock``."""
        entry = self.lock(key, loader, is_unwanted=is_unwanted, timeout=timeout)
        try:
            yield entry
        finally:
            self.unlock(entry)

    def lock(
        self,
        key: K,
        loader: Loader[V],
        *,
        is_unwanted: Callable[[], bool] = lambda: False,
        timeout: float | None = None,
    ) -> CacheEntry[K, V]:
        """Return an entry that will not go before ``unlock``; load it where it is not there.

        Args:
            key: Of its contents.
            loader: Loads them; of several callers one is asked.
            is_unwanted: Tells whether this caller gave up waiting.
            timeout: Seconds after which this caller gives up waiting.

        Raises:
            LoadCancelledError: this caller gave up.
            LoadTimeoutError: the time is over.
            Exception: what the loader raised.
        """
        while True:
            with self._lock:
                if (entry := self._entries.get(key)) is not None:
                    self.stats.hits += 1
                    self._order.use(key)
                    entry.holders += 1
                    return entry
            arrival = self._flight.join(
                key,
                lambda event: self._fetch(key, loader, event),
                is_unwanted=is_unwanted,
                timeout=timeout,
            )
            if self._take(arrival):
                return arrival.entry

    def note_use(self, key: K) -> CacheEntry[K, V] | None:
        """Ask for an entry without holding it; None, and nothing is loaded, if it is not there."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self.stats.hits += 1
                self._order.use(key)
                entry.last_used = self._clock()
            return entry

    def unlock(self, entry: CacheEntry[K, V], *, is_used: bool = True) -> None:
        """Let go of an entry.

        Args:
            entry: What ``lock`` gave.
            is_used: It was used. One that was only loaded, to be used next, stays meanwhile.

        Raises:
            RuntimeError: nobody holds it.
        """
        with self._lock:
            if not entry.holders:
                raise RuntimeError(f"{entry.key} is not locked")
            entry.holders -= 1
            entry.last_used = self._clock()
            if is_used and not entry.holders and not entry.keep_alive and not entry.is_gone:
                gone = self._take_all([entry], Gone.EXPIRED)
            elif entry.is_gone and not entry.holders:
                self._budget.hold(entry, 0)
                gone = [entry]
            elif is_used or entry.bytes <= self._budget.limit:
                gone = self._make_room(0)
            else:  # larger than the limit, and not used yet: it would only be loaded again
                gone = []
        self._drop_all(gone)

    def expire(self) -> float | None:
        """Take out what was not used for as long as it should stay.

        Returns:
            Seconds until the next entry may go; None where none will.
        """
        with self._lock:
            now = self._clock()
            # What stays for no time at all goes when its user lets go, and not before that.
            free = [e for e in self._entries.values() if not e.holders and e.keep_alive]
            ends = {entry.key: entry.last_used + entry.keep_alive - now for entry in free}
            old = [entry for entry in free if ends[entry.key] <= 0]
            gone = self._take_all(old, Gone.EXPIRED)
            waits = [end for end in ends.values() if 0 < end < math.inf]
        self._drop_all(gone)
        return min(waits, default=None)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def evict(self, key: K, why: Gone = Gone.EVICTED) -> bool:
        """Take an entry out; who holds it keeps it to the end. Return whether it was there."""
        with self._lock:
            entry = self._entries.get(key)
            gone = self._take_all([entry], why) if entry is not None else []
        self._drop_all(gone)
        return entry is not None

    def clear(self) -> int:
        """Take out all that nobody uses; return how many bytes became free."""
        with self._lock:
            free = [entry for entry in self._entries.values() if not entry.holders]
            gone = self._take_all(free, Gone.EVICTED)
        self._drop_all(gone)
        return sum(entry.bytes for entry in gone)

    def trim(self) -> int:
        """Take out what no longer fits the budget; return how many bytes became free."""
        with self._lock:
            gone = self._make_room(0)
        self._drop_all(gone)
        return sum(entry.bytes for entry in gone)

    def entries(self) -> list[CacheEntry[K, V]]:
        """Return what is there now."""
        with self._lock:
            return list(self._entries.values())

    def would_go(self, count: int) -> list[CacheEntry[K, V]]:
        """Return what would have to go for so many bytes more; nothing is changed."""
        with self._lock:
            return [self._entries[key] for key in self._victims(count)]

    # -- loading

    def _fetch(self, key: K, loader: Loader[V], is_unwanted: threading.Event) -> _Arrival[K, V]:
        with self._lock:  # another flight may have ended since the caller looked
            if (entry := self._entries.get(key)) is not None:
                entry.holders += 1
                return _Arrival(entry)
        return _Arrival(self._load(key, loader, is_unwanted))

    def _load(self, key: K, loader: Loader[V], is_unwanted: threading.Event) -> CacheEntry[K, V]:
        """Load an entry, and lock it."""
        reserved = object()
        with self._lock:
            self.stats.misses += 1
            gone = self._make_room(loader.bytes)
            self._budget.hold(reserved, loader.bytes)
        self._drop_all(gone)
        began = self._clock()
        try:
            value, count = loader.load(is_unwanted)
        except BaseException:
            self._budget.hold(reserved, 0)
            raise
        entry = CacheEntry(key, value, count, self._clock() - began, holders=1)
        with self._lock:
            # A load that everybody gave up on may have ended after all.
            other = self._entries.get(key)
            gone = self._take_all([other], Gone.EVICTED) if other is not None else []
            self._budget.hold(reserved, 0)
            self._budget.hold(entry, count)
            self._entries[key] = entry
            self._order.add(key, count, entry.seconds)
            self.stats.seconds += entry.seconds
            self.stats.bytes_loaded += count
            gone += self._make_room(0)
        self._drop_all(gone)
        return entry

    def _take(self, arrival: _Arrival[K, V]) -> bool:
        """Lock what a flight brought; False where it went again before this caller got it."""
        with self._lock:
            if arrival.is_taken:
                if arrival.entry.is_gone:
                    return False
                arrival.entry.holders += 1
            arrival.is_taken = True
            return True

    # -- making room

    def _make_room(self, more: int) -> list[CacheEntry[K, V]]:
        if not self._budget.excess(more):
            return []
        return self._take_all([self._entries[key] for key in self._victims(more)], Gone.MEMORY)

    def _victims(self, more: int) -> list[K]:
        need = self._budget.excess(more)
        if not need:
            return []
        return self._order.victims(need, lambda key: bool(self._entries[key].holders))

    def _take_all(self, entries: list[CacheEntry[K, V]], why: Gone) -> list[CacheEntry[K, V]]:
        """Forget entries; return those that are free, since nobody holds them."""
        return [entry for entry in entries if self._take_out(entry, why)]

    def _take_out(self, entry: CacheEntry[K, V], why: Gone) -> bool:
        del self._entries[entry.key]
        self._order.drop(entry.key)
        self.stats.evictions += 1
        entry.is_gone = True
        entry.why_gone = why
        if entry.holders:
            return False
        self._budget.hold(entry, 0)
        return True

    def _drop_all(self, gone: list[CacheEntry[K, V]]) -> None:
        for entry in gone:
            self._drop(entry)

"""``EvictionOrder``: which entries of a cache go first when memory is needed.

Entries that were asked for again lately are *hot*. The hot ones that cost most to load again are
kept, as many as leave room for the largest of the others, which take turns in what is left: so
neither one pass over many models nor two large models in turn empty the cache, as they do with
plain LRU. Entries that went are remembered for a while, since one that comes back is hot.

Time is counted in bytes loaded: the same requests always give the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

#: Limits' worth of bytes loaded since, after which an entry is not hot any more: of one that was
#: asked for again, and of one that was not.
_STALE = 4.0
_FRESH = 1.2
#: Entries that went and are remembered.
_REMEMBERED = 1024


@dataclass(slots=True)
class _Item:
    """One entry.

    Attributes:
        seconds: How long it takes to load again.
        last: When it was last asked for, in bytes loaded.
        uses: How often it was asked for, since it was forgotten last.
    """

    bytes: int
    seconds: float
    last: int
    uses: int = 1


class EvictionOrder(Generic[K]):
    """Ranks the entries of one cache. Not safe for several threads: its cache has the lock.

    Args:
        limit: Returns the bytes that the cache may hold.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._items: dict[K, _Item] = {}
        self._gone: dict[K, _Item] = {}
        self._now = 0

    def add(self, key: K, count: int, seconds: float) -> None:
        """Take in an entry that was just loaded.

        Args:
            key: Of the entry; one that is there already is replaced.
            count: Its bytes.
            seconds: How long loading took, and would take again.
        """
        self._now += count
        before = self._gone.pop(key, None)
        uses = before.uses + 1 if before is not None and self._is_recent(before) else 1
        self._items[key] = _Item(count, seconds, self._now, uses)

    def use(self, key: K) -> None:
        """Note that an entry was asked for again.

        Raises:
            KeyError: there is none with this key.
        """
        item = self._items[key]
        item.last = self._now
        item.uses += 1

    def drop(self, key: K) -> None:
        """Forget an entry that is gone; it is remembered for a while in case it comes back."""
        item = self._items.pop(key, None)
        if item is not None:
            self._gone[key] = item
            if len(self._gone) > _REMEMBERED:
                del self._gone[next(iter(self._gone))]

    def victims(self, need: int, is_locked: Callable[[K], bool]) -> list[K]:
        """Return what should go to free some bytes, the first to go first.

        Args:
            need: The bytes; where the unlocked entries have fewer, all of them are returned.
            is_locked: Tells which entries cannot go now.
        """
        kept = self._worth_keeping()
        free = [key for key in self._items if not is_locked(key)]
        ranked = sorted(free, key=lambda key: (key in kept, self._rank(key, is_kept=key in kept)))
        chosen: list[K] = []
        freed = 0
        for key in ranked:
            if freed >= need:
                break
            chosen.append(key)
            freed += self._items[key].bytes
        for key in reversed(chosen[:-1]):  # a large one that came last may do alone
            if freed - self._items[key].bytes >= need:
                freed -= self._items[key].bytes
                chosen.remove(key)
        return chosen

    def _rank(self, key: K, *, is_kept: bool) -> float:
        """Return how much it would cost to be without an entry."""
        item = self._items[key]
        if is_kept:
            return item.seconds
        age = (self._now - item.last) / max(self._limit(), 1)
        return item.seconds / (1 + age)

    def _worth_keeping(self) -> set[K]:
        """Return the hot entries that are kept, of those that are here and that went."""
        known = self._items | self._gone
        hot = [key for key, item in known.items() if self._is_recent(item)]
        hot.sort(key=lambda key: known[key].seconds * min(known[key].uses, 2), reverse=True)
        kept: set[K] = set()
        room = self._limit()
        largest = [0] * (len(hot) + 1)  # of those that come later
        for place in reversed(range(len(hot))):
            largest[place] = max(largest[place + 1], known[hot[place]].bytes)
        passed = 0
        for place, key in enumerate(hot):
            size = known[key].bytes
            if size + max(passed, largest[place + 1]) <= room:
                kept.add(key)
                room -= size
            else:
                passed = max(passed, size)
        return kept

    def _is_recent(self, item: _Item) -> bool:
        return self._now - item.last <= (_STALE if item.uses > 1 else _FRESH) * self._limit()

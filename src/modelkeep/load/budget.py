"""``MemoryBudget``: the bytes of one kind of memory, a limit to them, and who holds how many."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from modelkeep.core.names import size_text


class MemoryBudget:
    """Counts bytes by owner against a limit; safe to use from several threads.

    It refuses nothing: what is locked cannot go, so the bytes may exceed the limit by it. What
    has to go is asked with ``excess``.

    Args:
        limit: Bytes that may be held; may be changed at any time.

    Attributes:
        most: The most bytes that were ever held at once.
    """

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._held: dict[Hashable, int] = {}
        self._used = 0
        self.most = 0

    def __repr__(self) -> str:
        return f"MemoryBudget({size_text(self._used)} of {size_text(self._limit)})"

    @property
    def limit(self) -> int:
        """Bytes that may be held."""
        return self._limit

    @limit.setter
    def limit(self, value: int) -> None:
        if value < 0:
            raise ValueError(f"a limit of {value} bytes is less than nothing")
        self._limit = value

    @property
    def used(self) -> int:
        """Bytes that are held."""
        return self._used

    def held_by(self, owner: Hashable) -> int:
        """Return the bytes of one owner."""
        return self._held.get(owner, 0)

    def hold(self, owner: Hashable, count: int) -> None:
        """Set how many bytes an owner holds; 0 forgets it.

        Raises:
            ValueError: the count is negative.
        """
        if count < 0:
            raise ValueError(f"{owner} cannot hold {count} bytes")
        with self._lock:
            self._used += count - self._held.pop(owner, 0)
            if count:
                self._held[owner] = count
            self.most = max(self.most, self._used)

    def excess(self, more: int = 0) -> int:
        """Return how many bytes have to go so that ``more`` bytes fit."""
        return max(self._used + more - self._limit, 0)

"""``ModelLocker``: keeps one part of a model in memory while it is used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

#: A part that is in memory until the block ends; gives the part.
Hold = AbstractContextManager[object]


class ModelLocker:
    """Locks a part for as long as a block runs, and loads it again where it was evicted.

    It may be entered again inside of its own block, and by several threads at once; each block
    that is left, in whatever way, lets go once.

    Args:
        hold: Begins to hold the part.
    """

    def __init__(self, hold: Callable[[], Hold]) -> None:
        self._hold = hold
        self._lock = threading.Lock()
        self._held: dict[int, list[Hold]] = {}

    def __enter__(self) -> object:
        hold = self._hold()
        value = hold.__enter__()
        with self._lock:
            self._held.setdefault(threading.get_ident(), []).append(hold)
        return value

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            hold = self._mine().pop()
        hold.__exit__(kind, error, trace)

    @property
    def is_locked(self) -> bool:
        """Somebody uses the part through this handle."""
        with self._lock:
            return any(self._held.values())

    def _mine(self) -> list[Hold]:
        """Return what this thread holds; of another one where it holds nothing."""
        mine = self._held.get(threading.get_ident())
        if mine:
            return mine
        for others in self._held.values():
            if others:
                return others
        raise RuntimeError("the model is not locked")

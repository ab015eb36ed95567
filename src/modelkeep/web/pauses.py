"""What keeps the event loop from waiting: for threads that work, and for the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: How long a thread computes, seconds, before another one that waits gets its turn. A request has
#: to wait so long several times, as each look at the disk or the catalogue ends its own turn.
_TURN = 0.0002


@contextmanager
def short_turns() -> Iterator[None]:
    """Have the threads of the process take short turns; afterwards they are as long as before."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def spare_from_collection() -> None:
    """Have the garbage collector pass over all that is there now.

    Modules and routes stay until the end. Looking through them takes a tenth of a second, in which
    nothing is answered, and work in other threads makes that happen again and again.
    """
    gc.freeze()


class Moment(Generic[K, V]):
    """What was found out for one request, for the others that were waiting at that time.

    Each of them was sent before, so none of them can expect to see more. Used by the event loop
    alone.
    """

    def __init__(self) -> None:
        self._found: dict[K, V] = {}

    def get(self, key: K, find: Callable[[], V]) -> V:
        """Return what was found; calls ``find`` where nobody did yet."""
        if key not in self._found:
            if not self._found:
                # After the requests that are in line, and before those that come now.
                asyncio.get_running_loop().call_soon(self._found.clear)
            self._found[key] = find()
        return self._found[key]

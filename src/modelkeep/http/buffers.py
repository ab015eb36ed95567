"""``Buffers``: memory to read into, used again by one connection after the other."""

from __future__ import annotations

import queue

#: Bytes read at once: more do not stay in the processor's cache until they are written.
BUFFER_BYTES = 512 * 1024
#: Buffers that are kept while nobody uses them.
_KEPT = 8


class Buffers:
    """A few buffers of one size; the system would clear new ones each time. For all threads."""

    def __init__(self) -> None:
        self._spare: queue.SimpleQueue[memoryview] = queue.SimpleQueue()

    def take(self) -> memoryview:
        """Return a buffer of ``BUFFER_BYTES`` that nobody else has."""
        try:
            return self._spare.get_nowait()
        except queue.Empty:
            return memoryview(bytearray(BUFFER_BYTES))

    def give(self, buffer: memoryview) -> None:
        """Take a buffer back; it is used by nobody any more."""
        if self._spare.qsize() < _KEPT:
            self._spare.put(buffer)

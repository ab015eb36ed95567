"""``Segments``: which bytes of a file are complete, in progress or unassigned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

#: Bytes from a first one to the one behind the last.
Range = tuple[int, int]

#: The end of a file whose length is not known.
OPEN_END = 1 << 62
#: A segment that got no bytes for so long, while others did, is taken over; seconds.
STALL_SECONDS = 1.0
#: The same while no other got any either, as a multiple: the line itself may be stuck.
_LINE_STALL_FACTOR = 3.0
#: Each take-over with no bytes since the last one doubles the wait up to this.
_MAX_STALL_SECONDS = 30.0
#: A segment is split when it takes so many times longer than a new request to bring bytes.
_SPLIT_FACTOR = 4.0
_MIN_SPLIT_SECONDS = 0.02
#: A rate is measured over at least so many seconds.
_RATE_SECONDS = 0.2
_MIN_SPLIT_BYTES = 128 * 1024
#: A connection that is so many times faster takes all of the rest.
_MUCH_FASTER = 4.0

Write = Callable[[memoryview, int], None]


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return the same bytes as ranges in order that neither touch nor overlap."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def missing(done: Iterable[Range], total: int) -> list[Range]:
    """Return the ranges of ``total`` bytes that are not done."""
    found = []
    position = 0
    for start, end in merged(done):
        if start > position:
            found.append((position, min(start, total)))
        position = max(position, end)
    if position < total:
        found.append((position, total))
    return [each for each in found if each[0] < each[1]]


@dataclass(eq=False, slots=True)
class Segment:
    """Bytes that one connection alone may write, until the segment is released.

    Attributes:
        start: Its first byte.
        position: The next byte to write; all before it are there.
        end: The byte behind its last one; becomes smaller when another connection takes a share.
        created_at: When it was handed out.
        last_at: When bytes came last, or when it was handed out.
        reach: Where the response that is being read ends: up to there it may grow again.
        is_released: Nothing may be written any more.
        was_taken: Another connection fetches the rest.
        owner: The file that it is a segment of.
    """

    start: int
    position: int
    end: int
    created_at: float
    last_at: float
    reach: int = 0
    is_released: bool = False
    was_taken: bool = False
    owner: Segments | None = field(default=None, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def write(self, data: memoryview, write: Write, now: float) -> bool:
        """Write the bytes behind ``position`` that are of the segment; tell whether more is wanted.

        Args:
            data: What came.
            write: Writes bytes to an offset of the file.
            now: The time.
        """
        with self.lock:
            if self.is_released:
                return False
            count = min(len(data), self.end - self.position)
            write(data[:count], self.position)
            self.position += count
            self.last_at = now
            return self.position < self.end

    def release(self) -> None:
        """End the segment, see ``Segments.release``; doing so again does nothing."""
        if self.owner is not None:
            self.owner.release(self)

    @property
    def left(self) -> int:
        """Bytes that are still to come."""
        return 0 if self.is_released else self.end - self.position

    def rate(self, now: float) -> float:
        """Return the bytes that came each second so far."""
        return (self.position - self.start) / max(now - self.created_at, 0.001)


class Segments:
    """The bytes of one file; every method may be called from any thread.

    Args:
        total: Bytes of the file; while None, unknown, there is one segment at a time.
        min_segment: A segment whose rate is not known is split from twice so many bytes on.
    """

    def __init__(
        self, total: int | None, done: Iterable[Range] = (), min_segment: int = 1 << 20
    ) -> None:
        self._lock = threading.Lock()
        self._end = OPEN_END if total is None else total
        self._done = merged(done)
        self._free = missing(self._done, self._end)
        self._live: list[Segment] = []
        self._min_segment = min_segment
        self._is_closed = False
        self._best_rate = 0.0
        self._delivered_at = 0.0
        self._taken_at = 0.0
        self._stall_seconds = STALL_SECONDS

    @property
    def total(self) -> int | None:
        """Bytes of the file, or None while that is not known."""
        return None if self._end == OPEN_END else self._end

    def end_at(self, total: int) -> None:
        """Set the length, which was not known before."""
        with self._lock:
            self._end = total
            self._free = [(a, min(b, total)) for a, b in self._free if a < total]
            for segment in self._live:
                with segment.lock:
                    segment.end = max(min(segment.end, total), segment.position)

    def take(
        self, now: float, rate: float = 0.0, *, free_only: bool = False, request_time: float = 0.125
    ) -> Segment | None:
        """Hand out bytes: free ones, else a share of what another connection still has to fetch.

        Args:
            now: The time.
            rate: Bytes each second that the connection brought before; 0 for a new one.
            free_only: Hand out only what is free.
            request_time: Seconds until a further request brings its first byte.

        Returns:
            A segment, or None when there is nothing left that is worth sharing.
        """
        with self._lock:
            if self._is_closed:
                return None
            if self._free:
                start, end = self._free.pop(0)
            elif free_only or (share := self._share(now, rate, request_time)) is None:
                return None
            else:
                start, end = share
            segment = Segment(start, start, end, now, now, owner=self)
            self._live.append(segment)
            return segment

    def release(self, segment: Segment) -> None:
        """End a segment: what it wrote is done, nothing more can be written.

        Its rest returns to the segment before it where that one's response has these bytes too;
        otherwise it is free.
        """
        with self._lock:
            self._close(segment)

    def close(self) -> None:
        """End all segments and hand out no more: nothing is written from now on."""
        with self._lock:
            self._is_closed = True
            for segment in tuple(self._live):
                self._close(segment)

    def done_ranges(self) -> list[Range]:
        """Return what is there, in order."""
        with self._lock:
            return merged([*self._done, *((each.start, each.position) for each in self._live)])

    def prefix(self) -> int:
        """Return how many bytes from the start on are there without a gap."""
        done = self.done_ranges()
        return done[0][1] if done and done[0][0] == 0 else 0

    @property
    def received(self) -> int:
        """Bytes that are there."""
        with self._lock:
            live = sum(each.position - each.start for each in self._live)
            return sum(end - start for start, end in self._done) + live

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are there."""
        with self._lock:
            return not self._free and all(each.position >= each.end for each in self._live)

    @property
    def has_free(self) -> bool:
        """Whether missing bytes are not being fetched."""
        return bool(self._free)

    @property
    def live(self) -> tuple[Segment, ...]:
        """The segments that are handed out."""
        return tuple(self._live)

    def is_stalled(self, segment: Segment, now: float) -> bool:
        """Tell whether a segment got no bytes for so long that another connection may have it."""
        silent = now - segment.last_at
        if silent < self._stall_seconds:
            return False
        others_go_on = self._last_delivery() - segment.last_at >= STALL_SECONDS / 3
        return others_go_on or silent >= _LINE_STALL_FACTOR * self._stall_seconds

    def _last_delivery(self) -> float:
        """Return when bytes of any segment came last."""
        live = (each.last_at for each in self._live if each.position > each.start)
        return max([self._delivered_at, *live])

    def _close(self, segment: Segment) -> None:
        with segment.lock:
            if segment.is_released:
                return
            segment.is_released = True
        self._live.remove(segment)
        if segment.position > segment.start:
            self._delivered_at = max(self._delivered_at, segment.last_at)
            self._best_rate = max(self._best_rate / 2, segment.rate(segment.last_at))
        self._done = merged([*self._done, (segment.start, segment.position)])
        if segment.position < segment.end and not self._return(segment.position, segment.end):
            self._free = merged([*self._free, (segment.position, segment.end)])

    def _return(self, start: int, end: int) -> bool:
        for before in self._live:
            with before.lock:
                is_open = not before.is_released and before.position < before.end
                if is_open and before.end == start and before.reach >= end:
                    before.end = end
                    return True
        return False

    def _share(self, now: float, rate: float, request_time: float) -> Range | None:
        """Take the rest of a segment that stalls, or split the one that will take longest."""
        open_ones = [each for each in self._live if each.left > 0]
        if self._end == OPEN_END or not open_ones:
            return None
        stalled = [each for each in open_ones if self.is_stalled(each, now)]
        if stalled:
            self._lengthen_stall(now)
            rest = self._take_over(max(stalled, key=lambda each: each.left))
            return rest or self._share(now, rate, request_time)
        worth = max(_MIN_SPLIT_SECONDS, _SPLIT_FACTOR * request_time)
        best = max(rate, self._best_rate, *(each.rate(now) for each in open_ones))
        # Connections start slowly: a young one is taken to become as fast as the best.
        young = max(_RATE_SECONDS, worth)
        rates = {
            each: best if now - each.created_at < young else each.rate(now) for each in open_ones
        }
        slowest = max(open_ones, key=lambda each: each.left / max(rates[each], 1.0))
        least = _MIN_SPLIT_BYTES if best else 2 * self._min_segment
        if slowest.left < max(least, worth * rates[slowest]):
            return None
        if rate > _MUCH_FASTER * rates[slowest]:
            return self._take_over(slowest)
        return _halve(slowest)

    def _lengthen_stall(self, now: float) -> None:
        """Wait longer before the next take-over, unless bytes came since the last one."""
        is_first = self._last_delivery() > self._taken_at
        self._stall_seconds = (
            STALL_SECONDS if is_first else min(2 * self._stall_seconds, _MAX_STALL_SECONDS)
        )
        self._taken_at = now

    def _take_over(self, segment: Segment) -> Range | None:
        segment.was_taken = True
        free = list(self._free)
        self._close(segment)
        rest = (segment.position, segment.end)
        if rest not in self._free:  # it came meanwhile, or its neighbour has it
            return None
        self._free = free
        return rest


def _halve(segment: Segment) -> Range | None:
    with segment.lock:
        left = segment.end - segment.position
        if left <= 1:
            return None
        middle = segment.position + (left + 1) // 2
        share = (middle, segment.end)
        segment.end = middle
    return share

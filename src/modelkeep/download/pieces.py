"""``Pieces``: which bytes of a file are there, which are being fetched, and which are free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Range = tuple[int, int]

#: The end of a file whose length is not known.
OPEN_END = 1 << 62
#: A lease that brought nothing for so long may be taken over, seconds.
STALL_SECONDS = 1.0
#: Others have to have brought something so much later: else it is the line that is stuck.
_EVIDENCE_SECONDS = 0.3
#: Without that, so many times the patience.
_MUCH_PATIENCE = 3.0
#: A rest is worth sharing when it takes longer than this, and so many times as long as it takes
#: until a further request brings something.
_LONG_SECONDS = 0.02
_LONG_TIMES = 4.0
_SMALLEST_SHARE = 64 * 1024
#: A lease is judged by its own pace when it is older than this, or brought nothing for so long.
_YOUNG_SECONDS = 0.2
_YOUNG_TIMES = 8.0
_SILENT_SECONDS = 0.25
#: A connection that is so many times faster takes all of a slow one's rest.
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
class Lease:
    """Bytes that one connection may write, and no other while it is not revoked.

    Attributes:
        start: Its first byte.
        position: The next byte to be written; all before it are there.
        end: The byte behind its last one; others may make it smaller.
        leased_at: When it was given out.
        last_at: When bytes came last, or it was given out.
        reach: The end of the answer that is being read: up to there it may grow again.
        is_revoked: Nothing may be written any more.
        was_taken: Another connection does the rest.
        home: Whose bytes they are.
    """

    start: int
    position: int
    end: int
    leased_at: float
    last_at: float
    reach: int = 0
    is_revoked: bool = False
    was_taken: bool = False
    home: Pieces | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def write(self, data: memoryview, write: Write, now: float) -> bool:
        """Write the bytes that follow ``position``, as far as they belong to the lease.

        Args:
            data: What came.
            write: Writes bytes to an offset of the file.
            now: The time.

        Returns:
            Whether more is wanted.
        """
        with self._lock:
            if self.is_revoked:
                return False
            fits = min(len(data), self.end - self.position)
            write(data[:fits], self.position)
            self.position += fits
            self.last_at = now
            return self.position < self.end

    def release(self) -> None:
        """End the lease, see ``Pieces.release``; doing so again does nothing."""
        if self.home is not None:
            self.home.release(self)

    @property
    def left(self) -> int:
        """Bytes that are still to come."""
        return 0 if self.is_revoked else self.end - self.position

    def rate(self, now: float) -> float:
        """Return the bytes that it brought each second so far."""
        return (self.position - self.start) / max(now - self.leased_at, 0.001)


class Pieces:
    """The bytes of one file; every method may be called from any thread.

    Args:
        total: Bytes of the file, or None while that is not known: then there is one lease at a
            time.
        done: Ranges that are there already.
        min_segment: Bytes below which no rest is split whose pace is not known yet.
    """

    def __init__(
        self, total: int | None, done: Iterable[Range] = (), min_segment: int = 1 << 20
    ) -> None:
        self._lock = threading.Lock()
        self._end = OPEN_END if total is None else total
        self._done = merged(done)
        self._free = missing(self._done, self._end)
        self._live: list[Lease] = []
        self._min_segment = min_segment
        self._last_at = 0.0
        self._rate = 0.0

    @property
    def total(self) -> int | None:
        """Bytes of the file, or None while that is not known."""
        return None if self._end == OPEN_END else self._end

    def end_at(self, total: int) -> None:
        """Set the length, which was not known, to what has come or was said."""
        with self._lock:
            self._end = total
            self._free = [(a, min(b, total)) for a, b in self._free if a < total]
            for lease in self._live:
                with lease._lock:  # noqa: SLF001 - leases are part of their pieces
                    lease.end = max(min(lease.end, total), lease.position)

    def lease(
        self,
        now: float,
        rate: float = 0.0,
        *,
        free_only: bool = False,
        patience: float = STALL_SECONDS,
        cost: float = 0.125,
    ) -> Lease | None:
        """Give out bytes: what is free, else a share of what is still to come elsewhere.

        Args:
            now: The time.
            rate: Bytes each second that the asker brought before; 0 when it is new.
            free_only: Give out only what is free.
            patience: Seconds without a byte after which a lease may be taken over.
            cost: Seconds until a further request brings its first byte.

        Returns:
            A lease, or None when there is nothing left to share.
        """
        with self._lock:
            if self._free:
                start, end = self._free.pop(0)
            elif free_only or (share := self._share(now, rate, patience, cost)) is None:
                return None
            else:
                start, end = share
            lease = Lease(start, start, end, now, now, home=self)
            self._live.append(lease)
            return lease

    def release(self, lease: Lease) -> None:
        """End a lease: what it wrote is done, nothing more can be written.

        Its rest goes back to the lease before it where that one's answer has these bytes too,
        else it is free.
        """
        with self._lock:
            self._close(lease)

    def revoke_all(self) -> None:
        """End all leases."""
        with self._lock:
            for lease in tuple(self._live):
                self._close(lease)

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
        """Whether bytes are missing that nobody fetches."""
        return bool(self._free)

    @property
    def live(self) -> tuple[Lease, ...]:
        """The leases that are given out."""
        return tuple(self._live)

    def _close(self, lease: Lease) -> None:
        with lease._lock:  # noqa: SLF001 - leases are part of their pieces
            if lease.is_revoked:
                return
            lease.is_revoked = True
        self._live.remove(lease)
        self._last_at = max(self._last_at, lease.last_at)
        if lease.position - lease.start >= _SMALLEST_SHARE:
            self._rate = max(self._rate / 2, lease.rate(lease.last_at))
        self._done = merged([*self._done, (lease.start, lease.position)])
        if lease.position < lease.end and not self._give_back(lease.position, lease.end):
            self._free = merged([*self._free, (lease.position, lease.end)])

    def _give_back(self, start: int, end: int) -> bool:
        for before in self._live:
            with before._lock:  # noqa: SLF001 - leases are part of their pieces
                is_open = not before.is_revoked and before.position < before.end
                if is_open and before.end == start and before.reach >= end:
                    before.end = end
                    return True
        return False

    def _share(self, now: float, rate: float, patience: float, cost: float) -> Range | None:
        """Take the whole rest of a lease that is stuck, or half of the one that lasts longest."""
        if self._end == OPEN_END:
            return None
        open_ones = [each for each in self._live if each.left > 0]
        stalled = [each for each in open_ones if self._is_stalled(each, now, patience)]
        if stalled:
            rest = self._take_over(max(stalled, key=lambda each: each.left))
            return rest or self._share(now, rate, patience, cost)
        worth = max(_LONG_SECONDS, _LONG_TIMES * cost)
        best = max((rate, self._rate, *(each.rate(now) for each in open_ones)))
        pace = {each: _pace(each, now, best, cost) for each in open_ones}
        for victim in sorted(open_ones, key=lambda each: -each.left / max(pace[each], 1.0)):
            is_known = pace[victim] > 0
            is_large = victim.left >= 2 * (_SMALLEST_SHARE if is_known else self._min_segment)
            if not is_large or (is_known and victim.left <= worth * pace[victim]):
                continue
            if rate > _MUCH_FASTER * pace[victim] > 0:
                return self._take_over(victim)
            return _halve(victim)
        return None

    def _is_stalled(self, lease: Lease, now: float, patience: float) -> bool:
        silent = now - lease.last_at
        if silent < patience:
            return False
        newest = max(self._last_at, *(each.last_at for each in self._live))
        has_evidence = newest - lease.last_at >= _EVIDENCE_SECONDS
        return has_evidence or silent >= _MUCH_PATIENCE * patience

    def _take_over(self, lease: Lease) -> Range | None:
        lease.was_taken = True
        before = list(self._free)
        self._close(lease)
        rest = (lease.position, lease.end)
        if rest not in self._free:  # it came meanwhile, or its neighbour has it
            return None
        self._free = before
        return rest


def _pace(lease: Lease, now: float, best: float, cost: float) -> float:
    """Return the bytes that a lease brings each second, as far as that can be told.

    One that has only just begun is taken to become as fast as the best: connections start slowly.
    """
    is_silent = now - lease.last_at > _SILENT_SECONDS + 2 * cost
    is_young = now - lease.leased_at < _YOUNG_SECONDS + _YOUNG_TIMES * cost
    return best if is_young and not is_silent else lease.rate(now)


def _halve(lease: Lease) -> Range | None:
    with lease._lock:  # noqa: SLF001 - leases are part of their pieces
        left = lease.end - lease.position
        if left < 2:  # noqa: PLR2004 - nothing to share
            return None
        middle = lease.position + (left + 1) // 2
        share = (middle, lease.end)
        lease.end = middle
    return share

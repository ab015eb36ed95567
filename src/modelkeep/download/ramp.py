"""``Ramp``: how many connections one file is worth.

It begins with one. As long as more connections bring more bytes, there are eight times as many
every few hundredths of a second: with the usual limit of eight, all after the first look. A first
connection that is as fast as a local disk stays alone, since splitting such a stream only costs
time; on a line that is full already one is enough again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Time over which a rate is measured, and how long one may stay too low before that counts.
WINDOW = 0.02
LONG_WINDOW = 0.2
#: Each step has so many times the connections of the one before.
STEP = 8
#: The total rate has to grow so many times to go on.
GROWTH = 1.25
#: Bytes each second at which one connection is enough.
FAST = 150e6
#: A rate that falls to this share of what it was is worth another look.
SLUMP = 0.5
#: Files below this many bytes are fetched by one connection.
SMALL = 4 << 20


@dataclass(slots=True)
class Sample:
    """What is seen of all connections at one moment.

    Attributes:
        now: The time, seconds.
        received: Bytes received since the transfer began.
        live: Connections that are open or being opened.
        delivering: Those of them that have brought bytes.
    """

    now: float
    received: int
    live: int
    delivering: int


class Ramp:
    """Decides on the number of connections; sees nothing but samples.

    Args:
        most: Connections that there may be.
        total: Bytes of the file, None when that is not known.
        received: Bytes that were there before it began.

    Attributes:
        wanted: Connections that there should be now.
    """

    def __init__(self, most: int, total: int | None, received: int = 0) -> None:
        self.wanted = 1
        self._most = most if total is not None and total >= SMALL else 1
        self._is_settled = self._most <= 1
        self._was_refused = False
        self._since: Sample | None = None
        self._rate = 0.0
        self._before: int | None = received

    @property
    def is_settled(self) -> bool:
        """Whether the number will not grow any more."""
        return self._is_settled

    def refuse(self, live: int) -> None:
        """Take note that the server grants no more connections than ``live``."""
        self._most = max(1, min(self._most, live))
        self.wanted = min(self.wanted, self._most)
        self._is_settled = self._was_refused = True

    def see(self, sample: Sample) -> int:
        """Take one sample and return how many connections there should be."""
        if self._most <= 1 or self._was_refused or (self._is_settled and self.wanted >= self._most):
            return self.wanted
        if sample.delivering < max(1, min(self.wanted, sample.live)):
            return self.wanted
        if self._since is None:
            self._since = sample
            if self._before is not None:  # what the first connection has brought so far counts
                self._since = replace(sample, received=self._before)
                self._before = None
            return self.wanted
        elapsed = sample.now - self._since.now
        if elapsed < WINDOW or sample.received == self._since.received:
            return self.wanted
        rate = (sample.received - self._since.received) / elapsed
        before = self.wanted
        if self._is_settled:
            self._wake(rate)
        elif self._is_better(rate):
            self._grow(rate)
        elif self.wanted > 1 and elapsed < LONG_WINDOW:
            return self.wanted
        else:
            self.wanted = max(1, self.wanted // STEP)
            self._is_settled, self._rate = True, rate
        # New connections are measured from the moment on that all of them bring something.
        self._since = sample if self.wanted == before else None
        return self.wanted

    def _is_better(self, rate: float) -> bool:
        if self.wanted == 1:
            return rate < FAST
        # What was there before a slump was a burst, and says nothing of more connections.
        return rate >= GROWTH * self._rate or rate < SLUMP * self._rate

    def _grow(self, rate: float) -> None:
        self._rate = rate
        if self.wanted >= self._most:
            self._is_settled = True
        else:
            self.wanted = min(self._most, self.wanted * STEP)

    def _wake(self, rate: float) -> None:
        """Begin anew where a fast begin was only what the server sends before it counts."""
        if rate < FAST and rate < self._rate * SLUMP:
            self._is_settled = False
            self._rate = 0.0 if self.wanted == 1 else rate / GROWTH

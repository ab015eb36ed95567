"""``Ramp``: how many connections one file is worth.

It begins with one. As long as more connections bring more bytes, their number is doubled every
few hundredths of a second; a first connection that is as fast as a local disk stays alone, since
splitting such a stream only costs time.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Time over which a rate is measured, seconds.
WINDOW = 0.03
#: The total rate has to grow so many times to go on.
GROWTH = 1.25
#: Bytes each second at which one connection is enough.
FAST = 150e6
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

    Attributes:
        wanted: Connections that there should be now.
    """

    def __init__(self, most: int, total: int | None) -> None:
        self.wanted = 1
        self._most = most if total is not None and total >= SMALL else 1
        self._is_settled = self._most <= 1
        self._since: Sample | None = None
        self._rate = 0.0

    @property
    def is_settled(self) -> bool:
        """Whether the number will not grow any more."""
        return self._is_settled

    def refuse(self, live: int) -> None:
        """Take note that the server grants no more connections than ``live``."""
        self._most = max(1, min(self._most, live))
        self.wanted = min(self.wanted, self._most)
        self._is_settled = True

    def see(self, sample: Sample) -> int:
        """Take one sample and return how many connections there should be."""
        if self._is_settled or sample.delivering < min(self.wanted, sample.live):
            return self.wanted
        if sample.delivering < 1:
            return self.wanted
        if self._since is None:
            self._since = sample
            return self.wanted
        elapsed = sample.now - self._since.now
        if elapsed < WINDOW or sample.received == self._since.received:
            return self.wanted
        self._step((sample.received - self._since.received) / elapsed)
        self._since = None
        return self.wanted

    def _step(self, rate: float) -> None:
        grew = rate >= GROWTH * self._rate
        if self.wanted == 1:
            grew = rate < FAST
        if not grew:
            self.wanted = max(1, self.wanted // 2)
            self._is_settled = True
        elif self.wanted >= self._most:
            self._is_settled = True
        else:
            self.wanted = min(self._most, self.wanted * 2)
        self._rate = rate

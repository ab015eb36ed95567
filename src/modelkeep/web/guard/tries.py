"""``FailedTries``: an address that tries wrong tokens has to wait; nobody else does."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from modelkeep.web.guard.proxies import address_of

_log = logging.getLogger(__name__)

#: So many wrong tokens in so many seconds, and an address waits.
TRIES, SPAN = 10, 60.0
#: How long it waits; then it has as many tries again.
WAIT = 30.0
#: Addresses, and tokens of theirs, that are remembered.
_MOST = 10_000
#: Whoever has one IPv6 address has its whole network.
_NETWORK_BITS = 64


@dataclass(slots=True)
class _Tries:
    failed: deque[float] = field(default_factory=lambda: deque(maxlen=TRIES))
    until: float = 0.0


class FailedTries:
    """Wrong tokens by address. Used by the event loop alone.

    A token that was right there before stays so while its address waits: one program with an old
    token does not lock out those who share its address. A token that comes for the first time
    has to wait, so guessing meanwhile gains nothing.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._known: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def wait(self, address: str, digest: bytes | None = None) -> int:
        """Return how many seconds an address has to wait; 0 if it may try.

        Args:
            address: Who asks.
            digest: Of the token, where it is a right one.
        """
        if not self._tries:
            return 0
        place = _place(address)
        found = self._tries.get(place)
        left = found.until - self._clock() if found else 0.0
        if left <= 0 or (digest is not None and (place, digest) in self._known):
            return 0
        return int(left) + 1

    def failed(self, address: str) -> None:
        """Note a wrong token."""
        place, now = _place(address), self._clock()
        tries = self._tries.setdefault(place, _Tries())
        self._tries.move_to_end(place)
        tries.failed.append(now)
        if len(tries.failed) == TRIES and now - tries.failed[0] <= SPAN:
            tries.failed.clear()
            tries.until = now + WAIT
            _log.warning("%s tried %s wrong tokens and has to wait", address, TRIES)
        while len(self._tries) > _MOST:
            self._tries.popitem(last=False)

    def succeeded(self, address: str, digest: bytes) -> None:
        """Note that a token was right."""
        known = (_place(address), digest)
        if known in self._known:
            return
        self._known[known] = None
        while len(self._known) > _MOST:
            self._known.popitem(last=False)


def _place(address: str) -> str:
    if ":" not in address:
        return address
    found = address_of(address)
    if not isinstance(found, IPv6Address):
        return address
    return f"{int(found) >> _NETWORK_BITS:x}/64"

"""``without_upgrade``: requests that offer another protocol are those of this one.

Java's client offers HTTP/2 with the first request of a connection, and curl does when told to. A
server may go on as if that were not said. httptools stops behind such a head instead: what comes
next would be of another protocol, and the body is lost.
"""

from __future__ import annotations

import re

_OFFER = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


def without_upgrade(data: bytes) -> bytes:
    """Return how a request begins, with the name of the header ``Upgrade`` replaced."""
    if _OFFER.search(data) is None:
        return data
    end = data.find(b"\r\n\r\n")
    head = len(data) if end < 0 else end
    return _OFFER.sub(b"\r\nignored:", data[:head]) + data[head:]

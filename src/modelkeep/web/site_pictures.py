"""``SitePictures``: pictures of sites that pages show, each under a name of its own.

Browsers ask this server for them and no site, so no site learns who looks at what; and only what a
site has named is fetched, whatever somebody writes into an address.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

#: Pictures that are known; older ones are forgotten.
_KEPT = 2_000


class SitePictures:
    """Knows the addresses behind the names. Safe between threads."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def name(self, address: str) -> str:
        """Return the name of a picture; the same address always has the same one."""
        name = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        with self._lock:
            self._addresses[name] = address
            self._addresses.move_to_end(name)
            while len(self._addresses) > _KEPT:
                self._addresses.popitem(last=False)
        return name

    def address(self, name: str) -> str | None:
        """Return where a picture is; None where nobody has named it lately."""
        with self._lock:
            return self._addresses.get(name)

"""``Body``: the bytes of one answer, read into a buffer that is used again."""

from __future__ import annotations

import http.client
from contextlib import suppress
from typing import Any

import requests
import urllib3

from modelkeep.errors import ConnectionFailedError
from modelkeep.http.retry import describe, is_network_error
from modelkeep.http.urls import origin_of

_SLOW_PIECE = 64 * 1024


class Body:
    """The body of a response, which nobody else reads.

    Where the response is the usual one with a known length, its socket fills our buffer: no
    piece is allocated or copied on the way.

    Args:
        response: Its head was read, its body not.
        url: Where it comes from, for messages.
    """

    def __init__(self, response: requests.Response, url: str) -> None:
        self._raw: Any = response.raw
        self._url = url
        self._direct = _direct(self._raw)
        #: Bytes that are still to come, None when that is not known.
        self.left: int | None = self._direct.length if self._direct else None
        #: The body came to the end that its own framing promised.
        self.has_ended = False

    def readinto(self, buffer: memoryview) -> int:
        """Fill the begin of ``buffer`` with what comes next; return how many bytes, 0 at the end.

        Raises:
            ConnectionFailedError: the connection broke off.
        """
        try:
            if self._direct is not None:
                return self._read_direct(self._direct, buffer)
            return self._read_slowly(buffer)
        except Exception as error:
            if not is_network_error(error):
                raise
            raise ConnectionFailedError(
                f"{origin_of(self._url)} sent only a part: {describe(error)}",
                hint="Check the connection, then try again.",
            ) from error

    def finish(self) -> None:
        """Give the connection back for the next request, when all was read."""
        if self._direct is not None and self.left == 0:
            with suppress(OSError):
                self._direct.close()
                self._raw.release_conn()

    def abort(self) -> None:
        """Have a thread that is waiting for the body stop, as well as can be done from outside."""
        with suppress(Exception):  # whatever an injected session gave us, or the other end did
            self._raw.shutdown()

    def _read_direct(self, direct: Any, buffer: memoryview) -> int:
        if self.left == 0:
            self.has_ended = True
            return 0
        count: int = direct.fp.readinto1(buffer[: self.left])
        # Both keep account of what is left, and take the connection for broken when we do not.
        self.left = direct.length = direct.length - count
        self._raw.length_remaining = self.left
        return count

    def _read_slowly(self, buffer: memoryview) -> int:
        size = min(len(buffer), _SLOW_PIECE)
        read = getattr(self._raw, "read1", None) or self._raw.read
        data: bytes = read(size)
        count = len(data)
        buffer[:count] = data
        self.has_ended = count == 0
        return count


def _direct(raw: Any) -> Any:
    """Return the response of ``http.client`` inside, if its bytes come as they are."""
    inner = getattr(raw, "_fp", None)
    if not isinstance(raw, urllib3.HTTPResponse) or not isinstance(inner, http.client.HTTPResponse):
        return None
    if inner.chunked or inner.length is None or not hasattr(inner.fp, "readinto1"):
        return None
    return inner

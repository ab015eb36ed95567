"""Heads and bodies of answers under a watch: in time, whole, and only while they are wanted."""

from __future__ import annotations

import http.client
import io
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelkeep.errors import DownloadJobCancelledException

#: Seconds after which a waiting socket looks whether it is still wanted.
LOOK_UP = 0.5
#: Bytes read at once while the head comes; larger reads of the body go past this buffer.
_HEAD_BYTES = 16 * 1024


@dataclass(slots=True)
class Deadline:
    """How long one request may take, and whether it is still wanted.

    Attributes:
        cancelled: Tells that nobody wants the answer any more.
        connect_until: When there has to be a connection, on the monotonic clock.
        head: Seconds from a request to the end of the head of its answer.
        idle: Seconds that may pass between two pieces of the body.
        public_only: Connect to public addresses alone.
        body_until: When the body has to be there, or None.
    """

    cancelled: Callable[[], bool]
    connect_until: float
    head: float
    idle: float
    public_only: bool = False
    body_until: float | None = None

    def check(self) -> None:
        """Raise when it is not wanted any more.

        Raises:
            DownloadJobCancelledException: it is not.
        """
        if self.cancelled():
            raise DownloadJobCancelledException("The download was stopped.")


class _WatchedBytes(io.RawIOBase):
    """Bytes from a socket; looks up twice a second, gives up in time."""

    def __init__(self, sock: socket.socket, watch: Deadline) -> None:
        super().__init__()
        # Holds the socket open until it is closed, as files of sockets do.
        self._file = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._watch = watch
        self._head_until: float | None = time.monotonic() + watch.head
        self._slice = 0.0
        self._wait_at_most(min(watch.head, watch.idle))

    def end_head(self) -> None:
        """Know that the head is there: from now on pieces have to come."""
        self._head_until = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head_until is not None and time.monotonic() > self._head_until:
            raise TimeoutError("the head of the answer did not come in time")
        count = self._received(buffer)
        if count is None:
            count = self._go_on_waiting(buffer)
        if not count and self._head_until is not None:
            # http.client takes the end of a connection for the end of a head: half of the headers
            # would be believed, and a body without a length would seem to be whole.
            raise http.client.RemoteDisconnected("the connection ended before the head did")
        return count

    def _go_on_waiting(self, buffer: Any) -> int:
        watch = self._watch
        until = self._head_until or time.monotonic() - self._slice + watch.idle
        if watch.body_until is not None:
            until = min(until, watch.body_until)
        while True:
            watch.check()
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("nothing came in time")
            self._wait_at_most(left)
            count = self._received(buffer)
            if count is not None:
                return count

    def _received(self, buffer: Any) -> int | None:
        """Return how many bytes came; None when there were none in this slice of time."""
        try:
            return self._sock.recv_into(buffer)
        except (TimeoutError, BlockingIOError):
            return None

    def _wait_at_most(self, seconds: float) -> None:
        self._slice = max(0.001, min(seconds, LOOK_UP))
        if type(self._sock) is not socket.socket:  # TLS counts the time itself
            self._sock.settimeout(self._slice)
            return
        # The system's own limit costs nothing; Python's asks before each piece whether it is there.
        self._sock.settimeout(None)
        whole = int(self._slice)
        limit = struct.pack("@ll", whole, int((self._slice - whole) * 1e6))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    def close(self) -> None:
        self._file.close()
        super().close()


class WatchedResponse(http.client.HTTPResponse):
    """A response whose head has to be there in time, as a whole."""

    def __init__(self, watch: Deadline, sock: socket.socket, **named: Any) -> None:
        super().__init__(sock, **named)
        self.fp.close()
        self._bytes = _WatchedBytes(sock, watch)
        self.fp = io.BufferedReader(self._bytes, _HEAD_BYTES)

    def begin(self) -> None:
        """Read the head; what follows is the body."""
        super().begin()
        if self.msg.get_payload():
            # What follows a line that is no header was not read: a length may have been lost.
            raise http.client.HTTPException("a line of the head is no header")
        self._bytes.end_head()

"""``BoundedHeads``: requests whose heads end, in time and before they are large.

uvicorn takes heads of any length for as long as they come. Whoever reaches the port, also without
a token, could fill the memory, and hold all connections that the system lets a process have.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from modelkeep.core.limits import REQUEST_HEAD_BYTES, REQUEST_HEAD_SECONDS
from modelkeep.web.joined_writes import JoinedWrites
from modelkeep.web.no_upgrades import without_upgrade


class BoundedHeads(JoinedWrites):
    """A connection that ends where a head is too large, or does not end.

    What follows the last piece of a body is treated alike, and so is the rest of a body that is
    not read since its request was answered already.
    """

    _unheard = 0
    _is_heard = False
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; end the connection where it leads to nothing."""
        self._is_heard = False
        super().data_received(without_upgrade(data) if self._is_idle() else data)
        self._unheard = 0 if self._is_heard else self._unheard + len(data)
        if self._unheard > REQUEST_HEAD_BYTES:
            self._refuse()
        elif self._waiting is None and self._is_idle():
            self._wait()

    def on_headers_complete(self) -> None:
        """Note that a head has ended."""
        self._is_heard = True
        self._wait_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that a body comes."""
        self._is_heard = True
        super().on_body(body)

    def _is_idle(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or bool(cycle.response_complete)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(REQUEST_HEAD_SECONDS, self._hang_up)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _hang_up(self) -> None:
        if self._is_idle():
            self.transport.abort()

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_idle():
            self.transport.write(_REFUSAL)
        self.transport.close()


def _refusal() -> bytes:
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    text = f"The head of the request is larger than {REQUEST_HEAD_BYTES >> 10} KiB"
    hint = "Send fewer cookies and other headers."
    error = {"code": "HeadTooLarge", "message": text, "hint": hint, "details": None}
    body = json.dumps({"error": error, "detail": text}).encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


_REFUSAL = _refusal()

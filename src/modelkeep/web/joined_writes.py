"""``JoinedWrites``: answers whose head is sent together with the first piece of the body.

uvicorn writes them one by one. Each would be a packet of its own, for which both sides are woken;
for a short answer this is a good part of all the work.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 "


class JoinedWrites(HttpToolsProtocol):
    """A connection as uvicorn has it, with another way to write."""

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        held: Any = HeldHead(transport, self.loop)
        super().connection_made(held)


class HeldHead:
    """A transport that holds the head of an answer until more is written or all else is done.

    Args:
        transport: What sends.
        loop: The event loop.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        """Return what the transport itself has."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, but for a head that comes first."""
        if self._held:
            head, self._held = self._held, b""
            self._transport.writelines([head, data])
        elif data.startswith(_HEAD):
            self._held = data
            self._loop.call_soon(self._send_held)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what is held, and end."""
        self._send_held()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are not sent yet."""
        return len(self._held) + int(self._transport.get_write_buffer_size())

    def _send_held(self) -> None:
        head, self._held = self._held, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)

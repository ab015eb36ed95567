"""``Stream``: what one client has yet to get of the events, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from modelkeep.web.events.ring import Framed

#: A client that has not taken so much is dropped; it comes back and asks for what it missed.
_BYTES = 1024 * 1024
#: So is one that has taken nothing for so long while something was being sent, seconds.
_STUCK_SECONDS = 30.0
_SIGN_OF_LIFE = b": still here\n\n"


def nothing() -> None:
    """Do nothing: nobody wants to know, or there is no connection to cut."""


class Stream:
    """What one client has yet to get. Used in the loop of its connection alone.

    Progress that it has not taken is replaced by later progress of the same job; nothing else is
    lost. A client that takes nothing is dropped.

    Args:
        token: Name of its token.
        loop: That of its connection.
        joined_at: Number of the last event before it came.
        first: What it gets first.

    Attributes:
        abort: Cuts its connection.
    """

    def __init__(
        self, token: str, loop: asyncio.AbstractEventLoop, joined_at: int, first: Sequence[bytes]
    ) -> None:
        self.token = token
        self.abort: Callable[[], None] = nothing
        self._loop = loop
        self._joined_at = joined_at
        self._pending: dict[object, bytes] = dict(enumerate(first, -len(first)))
        self._size = 0
        self._wake: asyncio.Future[None] | None = None
        self._is_over = self._is_dropped = False
        self._sending_since: float | None = None

    # -- what the hub does

    def offer(self, batch: Sequence[Framed], joined: bytes) -> None:
        """Take events in.

        Args:
            batch: The events.
            joined: All of them as they are sent; the same bytes for every stream.
        """
        if self._is_over:
            return
        if not self._pending and batch[0].number > self._joined_at:
            self._put(batch[-1].number, joined)
        else:
            self._put_all(batch)
        if self._size > _BYTES:
            self.drop()
        self._rouse()

    def care(self) -> None:
        """Send a sign of life where nothing else is sent; drop a client that takes nothing."""
        if self.is_stuck(_STUCK_SECONDS):
            self.drop()
        elif not self._pending and self._sending_since is None:
            self._put("alive", _SIGN_OF_LIFE)
            self._rouse()

    def is_stuck(self, seconds: float) -> bool:
        """Tell whether it has been sending the same bytes for so long."""
        since = self._sending_since
        return since is not None and self._loop.time() - since >= seconds

    def close(self) -> None:
        """Send no more."""
        self._is_over = True
        self._pending.clear()
        self._size = 0
        self._rouse()

    def drop(self) -> None:
        """Cut the connection of a client that takes nothing."""
        self._is_dropped = True
        self.close()
        self.abort()

    # -- what the connection does

    @property
    def is_dropped(self) -> bool:
        """Its connection was cut."""
        return self._is_dropped

    async def next(self) -> bytes | None:
        """Wait for something to send; None at the end."""
        self._sending_since = None
        while not self._pending:
            if self._is_over:
                return None
            self._wake = self._loop.create_future()
            await self._wake
        data = b"".join(self._pending.values())
        self._pending.clear()
        self._size = 0
        self._sending_since = self._loop.time()
        return data

    # -- plumbing

    def _put_all(self, batch: Sequence[Framed]) -> None:
        for framed in batch:
            if framed.number <= self._joined_at:
                continue
            key = framed.number if framed.replaces is None else framed.replaces
            if (replaced := self._pending.pop(key, None)) is not None:
                self._size -= len(replaced)
            self._put(key, framed.data)

    def _put(self, key: object, data: bytes) -> None:
        self._pending[key] = data
        self._size += len(data)

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

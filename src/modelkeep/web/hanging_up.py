"""``HangUp``: which connections a server that was told to stop does not wait for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

_PAUSE_SECONDS = 0.25
#: So many looks in a row see a client neither send what it began nor take what it asked for.
_PATIENCE = 4


class HangUp:
    """Ends connections whose clients would be waited for without end.

    These are the ones that are done, but for the client's side of TLS; those whose request has not
    come whole by now, as a piece of an upload, of which is kept what has come; and those that take
    nothing of their answer.

    Args:
        connections: Gives those that are open: of uvicorn.
    """

    def __init__(self, connections: Callable[[], Iterable[Any]]) -> None:
        self._connections = connections
        self._seen: dict[int, tuple[int, int]] = {}

    async def run(self) -> None:
        """Look at the connections again and again until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            self.look()

    def look(self) -> None:
        """End the connections that are to be ended."""
        seen: dict[int, tuple[int, int]] = {}
        for connection in self._connections():
            transport, cycle = connection.transport, connection.cycle
            unsent = transport.get_write_buffer_size()
            is_done = cycle is None or cycle.response_complete
            looks = 0
            if not is_done and (unsent or cycle.more_body):
                before, looks = self._seen.get(id(connection), (unsent, 0))
                looks = looks + 1 if before == unsent else 0
                seen[id(connection)] = (unsent, looks)
            if looks >= _PATIENCE or (is_done and not unsent):
                transport.abort()
        self._seen = seen


def is_no_cut(record: logging.LogRecord) -> bool:
    """Tell whether a line of the log is about anything else than a request that the end cut off."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, asyncio.CancelledError)

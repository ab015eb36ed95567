"""``run``: answers on sockets until a signal says to stop; then all ends in time."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from modelkeep.web.app import make_app
from modelkeep.web.context import WebContext
from modelkeep.web.events.hub import EventHub
from modelkeep.web.listening import Listening
from modelkeep.web.recovery import recover
from modelkeep.web.stopping import StopSignals

#: How long running requests and jobs may take once the server is told to stop, seconds.
DRAIN_SECONDS = 10
_HANG_UP_SECONDS = 0.25


class WebServer(uvicorn.Server):
    """uvicorn, which ends its event streams before it waits for requests.

    Signals are left to whoever starts it.

    Args:
        config: Of uvicorn.
        hub: Has the event streams; None where there are none.
    """

    def __init__(self, config: uvicorn.Config, hub: EventHub | None = None) -> None:
        super().__init__(config)
        self._hub = hub

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals as they are."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, whose clients would be waited for without end, and then the rest."""
        if self._hub is not None:
            self._hub.end()
        hanging_up = asyncio.create_task(self._hang_up())
        await super().shutdown(sockets)
        hanging_up.cancel()
        for connection in self._connections():
            connection.transport.abort()

    async def _hang_up(self) -> None:
        """Drop connections that are done, but wait for the peer to end its side of TLS."""
        while True:
            await asyncio.sleep(_HANG_UP_SECONDS)
            for connection in self._connections():
                transport, cycle = connection.transport, connection.cycle
                is_done = cycle is None or cycle.response_complete
                if is_done and not transport.get_write_buffer_size():
                    transport.abort()

    def _connections(self) -> list[Any]:
        return [one for one in self.server_state.connections if getattr(one, "transport", None)]


def make_server(
    app: ASGIApp, hub: EventHub | None = None, tls: ssl.SSLContext | None = None
) -> WebServer:
    """Return the server of an application; it does not listen yet."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # it believes every program of this machine
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    return WebServer(config, hub)


def run(listening: Listening, signals: StopSignals) -> bool:
    """Answer requests until a signal says to stop; then requests and jobs end in time.

    What earlier runs left is settled meanwhile, in the background.

    Args:
        listening: The sockets and the settings.
        signals: Tell when to stop.

    Returns:
        Whether all has ended. Else threads are left that only the end of the process ends; what
        they work on goes on at the next start.
    """
    context = WebContext.open(listening.settings)
    server = make_server(make_app(context), context.hub, listening.tls)
    signals.tell(server)
    recovery = threading.Thread(
        target=recover, args=(context,), name="modelkeep-recovery", daemon=True
    )
    before = set(threading.enumerate())
    recovery.start()
    server.run(sockets=list(listening.sockets))
    closing = threading.Thread(target=context.manager.close, name="modelkeep-closing", daemon=True)
    closing.start()
    busy = [t for t in threading.enumerate() if not t.daemon and t not in before]
    for thread in (closing, *busy):
        thread.join(signals.left(DRAIN_SECONDS))
    return not any(thread.is_alive() for thread in (closing, *busy))

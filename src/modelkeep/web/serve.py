"""``run``: answers on sockets until a signal says to stop; then all ends in time.

The routes are imported while the first requests are answered already.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from modelkeep.errors import ModelKeepError
from modelkeep.web.bounded_heads import BoundedHeads
from modelkeep.web.hanging_up import HangUp, is_no_cut
from modelkeep.web.listening import Listening
from modelkeep.web.pauses import short_turns, spare_from_collection
from modelkeep.web.starting import StartingApp
from modelkeep.web.stopping import StopSignals

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from modelkeep.web.context import WebContext
    from modelkeep.web.events.hub import EventHub

#: How long all may take once the server is told to stop, and requests of that; the rest is for
#: jobs, seconds.
DRAIN_SECONDS, _REQUEST_SECONDS = 10, 7
#: How long recovery lets the requests that came while the routes were imported go first, seconds.
_FIRST_SECONDS = 1


class WebServer(uvicorn.Server):
    """uvicorn, which ends its event streams before it waits for requests.

    Signals are left to whoever starts it.

    Args:
        config: Of uvicorn.
        hub: Has the event streams; None where there are none.

    Attributes:
        hub: The same.
        on_started: Called once it answers.
    """

    def __init__(self, config: uvicorn.Config, hub: EventHub | None = None) -> None:
        super().__init__(config)
        self.hub = hub
        self.on_started: Callable[[], object] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and tell so."""
        await super().startup(sockets)
        if self.on_started is not None:
            self.on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals as they are."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, whose clients would be waited for without end, and then the rest."""
        if self.hub is not None:
            self.hub.end()
        hanging_up = asyncio.create_task(HangUp(self._connections).run())
        log = logging.getLogger("uvicorn.error")
        log.addFilter(is_no_cut)
        try:
            await super().shutdown(sockets)
            await asyncio.sleep(0)  # what was cancelled ends, and would be taken for an error
        finally:
            log.removeFilter(is_no_cut)
        hanging_up.cancel()
        for connection in self._connections():
            connection.transport.abort()

    def _connections(self) -> list[Any]:
        return [one for one in self.server_state.connections if getattr(one, "transport", None)]


def make_server(
    app: ASGIApp, hub: EventHub | None = None, tls: ssl.SSLContext | None = None
) -> WebServer:
    """Return the server of an application; it does not listen yet."""
    config = uvicorn.Config(
        app,
        http=BoundedHeads,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # it believes every program of this machine
        timeout_graceful_shutdown=_REQUEST_SECONDS,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    return WebServer(config, hub)


class Serving:
    """The server while it runs: answers at once, and builds the rest in the background.

    Args:
        listening: The sockets and the settings.
    """

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._app = StartingApp(listening.settings)
        self.server = make_server(self._app, tls=listening.tls)
        self.context: WebContext | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Answer requests until the server is told to stop.

        Raises:
            ModelKeepError: a setting or a file with tokens cannot be used.
        """
        sockets = list(self._listening.sockets)
        factory = self.server.config.get_loop_factory()
        with short_turns(), asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._serve(sockets))
        if self.error is not None:
            raise self.error

    async def _serve(self, sockets: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        building = threading.Thread(
            target=self._build, args=(loop,), name="modelkeep-starting", daemon=True
        )
        self.server.on_started = building.start
        await self.server.serve(sockets)

    def _build(self, loop: asyncio.AbstractEventLoop) -> None:
        """Import the routes and have them answer; then settle what earlier runs left."""
        from modelkeep.web.app import make_app
        from modelkeep.web.context import WebContext
        from modelkeep.web.recovery import recover

        try:
            self.context = WebContext.open(self._listening.settings)
            app = make_app(self.context)
        except (ModelKeepError, OSError) as error:
            self.error = error
            self.server.should_exit = True
            return
        self.server.hub = self.context.hub
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._app.take, app)
            spare_from_collection()
            self._app.catch_up(_FIRST_SECONDS)
            recover(self.context)
            spare_from_collection()


def run(listening: Listening, signals: StopSignals) -> bool:
    """Answer requests until a signal says to stop; then requests and jobs end in time.

    Args:
        listening: The sockets and the settings.
        signals: Tell when to stop.

    Returns:
        Whether all has ended. Else threads are left that only the end of the process ends; what
        they work on goes on at the next start.

    Raises:
        ModelKeepError: a setting or a file with tokens cannot be used.
    """
    serving = Serving(listening)
    signals.tell(serving.server)
    before = set(threading.enumerate())
    serving.run()
    if serving.context is None:
        return True
    serving.context.answers.end()
    close = serving.context.manager.close
    closing = threading.Thread(target=close, name="modelkeep-closing", daemon=True)
    closing.start()
    busy = [t for t in threading.enumerate() if not t.daemon and t not in before]
    for thread in (closing, *busy):
        thread.join(signals.left(DRAIN_SECONDS))
    return not any(thread.is_alive() for thread in (closing, *busy))

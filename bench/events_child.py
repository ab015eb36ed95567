"""A server in a process of its own: ``events_child ours|fastapi ROOT``, told what to do by lines.

It prints its port, then answers each line of standard input with one: ``send N`` sends so many
events, ``cpu`` gives the processor time so far, ``install FILE`` the seconds of one install.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent

from modelkeep.core import events
from modelkeep.core.events import LocalEventBus
from modelkeep.settings import Settings
from modelkeep.web.app import make_api
from modelkeep.web.context import WebContext
from modelkeep.web.serve import make_server
from modelkeep.web.sockets import listen

#: Events come one by one, not in one batch.
_PAUSE_SECONDS = 0.01


class Reference(LocalEventBus):
    """FastAPI's own stream, fed by a queue for each client."""

    def __init__(self) -> None:
        super().__init__()
        self.app = FastAPI()
        self._queues: set[asyncio.Queue[dict[str, Any]]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.app.get("/api/v1/events", response_class=EventSourceResponse)(self._stream)

    async def _stream(self) -> AsyncIterator[ServerSentEvent]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._queues.add(queue)
        try:
            number = 0
            while True:
                payload = await queue.get()
                number += 1
                yield ServerSentEvent(data=payload, event="model_event", id=f"boot-{number}")
        finally:
            self._queues.discard(queue)

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        """Give an event to every client."""
        del topic
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._put, payload)

    def _put(self, payload: dict[str, Any]) -> None:
        for queue in self._queues:
            queue.put_nowait(payload)


def main() -> None:
    """Serve until standard input ends."""
    which, root = sys.argv[1:]
    context = WebContext.open(Settings(root=Path(root), streams=300, streams_per_token=300))
    reference = Reference()
    ours = which == "ours"
    bus: LocalEventBus = context.hub if ours else reference
    server = make_server(make_api(context) if ours else reference.app)
    sockets = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    print(sockets[0].getsockname()[1], flush=True)
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        print(_answer(context, bus, word, value), flush=True)


def _answer(context: WebContext, bus: LocalEventBus, word: str, value: str) -> float:
    if word == "send":
        for number in range(int(value)):
            events.install_completed(bus, number, "/models/a.safetensors", "0" * 32, 1 << 30)
            time.sleep(_PAUSE_SECONDS)
    elif word == "install":
        installer = context.manager.installer
        began = time.perf_counter()
        job = installer.import_model(value)
        installer.wait_for_installs()
        seconds = time.perf_counter() - began
        if job.config_out is None:
            raise SystemExit(str(job.error))
        installer.unconditionally_delete(job.config_out.key)
        return seconds
    return time.process_time()


if __name__ == "__main__":
    main()

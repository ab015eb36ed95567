"""``EventReply``: the answer that is a stream of events, as plain ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from modelkeep.web.context import WebContext
from modelkeep.web.errors import error_body
from modelkeep.web.events.stream import Stream, nothing
from modelkeep.web.guard.asked import caller_of
from modelkeep.web.replies import json_reply

#: After how long a client that was cut off comes back.
_RETRY_MILLISECONDS = 2_000
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would gather events otherwise
]


class EventReply(Response):
    """Sends events until the client goes or the server ends.

    Args:
        context: Of the server.
        seen: ``id`` of the last event that the client has.
    """

    media_type = "text/event-stream"

    def __init__(self, context: WebContext, seen: str | None) -> None:
        super().__init__()
        self._context = context
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        hub, settings = self._context.hub, self._context.settings
        caller = caller_of(scope)
        stream = hub.join(
            caller.name if caller is not None else "",
            self._seen,
            at_most=settings.streams,
            of_token=settings.streams_per_token,
        )
        if stream is None:
            await _too_many(settings.streams_per_token)(scope, receive, send)
            return
        stream.abort = _abort_of(receive)
        watching = asyncio.ensure_future(_watch(receive, stream))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _part(send, format_sse_event(retry=_RETRY_MILLISECONDS))
            while (data := await stream.next()) is not None:
                await _part(send, data)
            if not stream.is_dropped:
                await _part(send, b"", more=False)
        finally:
            watching.cancel()
            hub.leave(stream)


async def _part(send: Send, data: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def _watch(receive: Receive, stream: Stream) -> None:
    """End a stream whose client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


def _too_many(of_token: int) -> Response:
    message = "There are too many event streams"
    hint = f"Close some: a token may have {of_token}, and all together as many as streams allows."
    return json_reply(error_body("TooManyStreams", message, hint), HTTPStatus.TOO_MANY_REQUESTS)


def _abort_of(receive: Any) -> Callable[[], None]:
    """Return what cuts the connection of a request.

    ASGI has no word for it, and an answer to a client that takes nothing cannot be ended. The
    server of this program is uvicorn, whose requests know their transport.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    abort: Callable[[], None] | None = getattr(transport, "abort", None)
    return abort if abort is not None else nothing

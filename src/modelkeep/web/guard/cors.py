"""What browsers are told about pages of other origins: nothing, unless the settings name them."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelkeep.web.guard.asked import asked_of
from modelkeep.web.guard.refusals import Refusal, refuse
from modelkeep.web.replies import no_content

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED_HEADERS = (
    "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Prefer, Range,"
    " Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum"
)
_TOLD_HEADERS = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Location, Modelkeep-Job,"
    " Retry-After, Tus-Checksum-Algorithm, Tus-Extension, Tus-Resumable, Tus-Version,"
    " Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, X-Request-ID"
)
_SECONDS = "600"


class Cors:
    """Lets pages of the origins that the settings name read answers; cookies never count there.

    Args:
        app: What comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the question that browsers ask first; add what lets a page read an answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = asked_of(scope)
        is_question = asked.method == "OPTIONS" and "access-control-request-method" in asked.headers
        if not asked.foreign:
            if is_question:
                await refuse(scope, receive, send, _NOT_NAMED)
            else:
                await self._app(scope, receive, send)
            return
        told = [
            (b"access-control-allow-origin", asked.foreign.encode("latin-1")),
            (b"access-control-expose-headers", _TOLD_HEADERS.encode()),
            (b"vary", b"Origin"),
        ]

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *told]
            await send(message)

        if not is_question:
            await self._app(scope, receive, readable)
            return
        reply = no_content()
        reply.headers["Access-Control-Allow-Methods"] = _METHODS
        reply.headers["Access-Control-Allow-Headers"] = _ASKED_HEADERS
        reply.headers["Access-Control-Max-Age"] = _SECONDS
        if asked.headers.get("access-control-request-private-network") == "true":
            reply.headers["Access-Control-Allow-Private-Network"] = "true"
        await reply(scope, receive, readable)


_NOT_NAMED = Refusal(
    403,
    "ForeignOrigin",
    "Pages of other origins may not ask this server",
    "Add the page's exact origin to the setting cors_origins.",
)

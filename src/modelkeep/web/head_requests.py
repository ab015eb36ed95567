"""``HeadRequests``: HEAD for every route that knows GET alone."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What a route leaves in the scope of its request, for those who asked before it.
_LEFT = ("route", "endpoint", "path_params")


class HeadRequests:
    """Asks with GET where HEAD is not known, and sends all but the body.

    A stream of events or of records ends at once: it is told that nobody listens.

    Args:
        app: The routes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        first = _First(send)
        await self._app(scope, receive, first.send)
        if first.is_for_get:
            asked = {**scope, "method": "GET"}
            bodiless = _Bodiless(receive, send)
            await self._app(asked, bodiless.receive, bodiless.send)
            scope.update({name: asked[name] for name in _LEFT if name in asked})


class _First:
    """Holds back the answer that only GET is known."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_for_get = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_for_get = _knows_get(message)
        if not self.is_for_get:
            await self._send(message)


class _Bodiless:
    """An answer whose body is left out."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._has_begun = False

    async def receive(self) -> Message:
        return {"type": "http.disconnect"} if self._has_begun else await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            await self._send(message)
            await self._send({"type": "http.response.body", "body": b""})


def _knows_get(message: Message) -> bool:
    headers: Any = message.get("headers", ())
    allowed = dict(headers).get(b"allow", b"").split(b", ")
    return message["status"] == HTTPStatus.METHOD_NOT_ALLOWED and b"GET" in allowed

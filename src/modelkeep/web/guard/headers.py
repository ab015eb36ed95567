"""The headers that every answer carries: what browsers may do with it, and its request's id."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelkeep.web.guard.asked import asked_of

#: Without inline scripts and styles. Answers may have a stricter policy of their own.
_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
_ALWAYS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # With no-referrer, Chromium sends "Origin: null" with forms of our own pages.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    # Kept by nobody without asking: answers depend on who asks.
    (b"cache-control", b"private, no-cache"),
)


class SecurityHeaders:
    """Adds headers to every answer, also to those of the other checks.

    Args:
        app: What comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers that the answer does not have itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = (b"x-request-id", asked_of(scope).id.encode())

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name for name, _ in given}
                message["headers"] = [
                    *given,
                    *(pair for pair in _ALWAYS if pair[0] not in names),
                    number,
                ]
            await send(message)

        await self._app(scope, receive, with_headers)

"""Who asks: a token in ``Authorization``, or the cookie of a browser that logged in."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.guard.asked import Asked, Caller, asked_of, set_caller
from modelkeep.web.guard.refusals import Refusal, refuse

#: What everybody may ask.
OPEN = ("/healthz", "/login", "/static")


class Authentication:
    """Lets those through who have a token, and tells the routes who asks.

    Args:
        app: What comes behind.
        tokens: Those that are accepted.
    """

    def __init__(self, app: ASGIApp, tokens: ServerTokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks; without a token only what is open is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = asked_of(scope)
        caller = self._caller(asked)
        if caller is not None:
            set_caller(scope, caller)
        elif not asked.is_below(*OPEN):
            await refuse(scope, receive, send, _NOBODY)
            return
        await self._app(scope, receive, send)

    def _caller(self, asked: Asked) -> Caller | None:
        value = bearer_of(asked)
        token = self._tokens.find(value) if value else None
        return Caller.of(token) if token else None


def bearer_of(asked: Asked) -> str:
    """Return the token that a request carries; empty where it carries none."""
    kind, _, value = asked.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


_NOBODY = Refusal(
    401,
    "Unauthorized",
    "This server answers only with a token",
    "Send it as 'Authorization: Bearer TOKEN'. modelkeep access add NAME makes one.",
    {"WWW-Authenticate": "Bearer"},
)

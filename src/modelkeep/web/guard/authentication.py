"""Who asks: a token in ``Authorization``, or the cookie of a browser that logged in."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.web.guard.addresses import inside
from modelkeep.web.guard.asked import Asked, Caller, asked_of, set_caller
from modelkeep.web.guard.gate import NO_TOKEN, Gate, set_gate
from modelkeep.web.guard.refusals import Refusal, refuse
from modelkeep.web.rendering import page_reply

#: What everybody may ask.
OPEN = frozenset({"healthz", "login", "static"})


class Authentication:
    """Lets those through who have a token, and tells the routes who asks.

    Args:
        app: What comes behind.
        gate: Decides who gets in.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks; without a token only what is open is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        set_gate(scope, self._gate)
        asked = asked_of(scope)
        is_open = asked.section in OPEN
        found = self._caller(asked, is_open=is_open)
        if isinstance(found, Refusal):
            if found is NO_TOKEN and _wants_page(asked):
                await _to_login(scope, asked)(scope, receive, send)
            else:
                await refuse(scope, receive, send, found)
            return
        if found is not None:
            set_caller(scope, found)
        await self._app(scope, receive, send)

    def _caller(self, asked: Asked, *, is_open: bool) -> Caller | Refusal | None:
        value = bearer_of(asked)
        if value and not is_open:
            return self._gate.by_token(asked, value)
        # Pages of other origins, and programs that take this server for the Hub, send tokens.
        takes_cookies = not asked.foreign and asked.section != "hf"
        found = self._gate.sessions.caller(asked) if takes_cookies else None
        return found or (None if is_open else NO_TOKEN)


def bearer_of(asked: Asked) -> str:
    """Return the token that a request carries; empty where it carries none."""
    kind, _, value = asked.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _wants_page(asked: Asked) -> bool:
    if asked.is_for_program or asked.method not in {"GET", "HEAD"}:
        return False
    return "text/html" in asked.headers.get("accept", "")


def _to_login(scope: Scope, asked: Asked) -> Response:
    """Return what a browser without a cookie gets.

    It does not send the cookie with the first request that follows a link of another site. So it
    is shown a page that asks once more, by itself; this time the request is the server's own.
    """
    query = scope["query_string"].decode("latin-1")
    wanted = inside(quote(asked.path) + (f"?{query}" if query else ""))
    login = f"{asked.prefix}/login?next={quote(wanted, safe='/')}"
    site = asked.headers.get("sec-fetch-site")
    if site in {"same-origin", "none"}:
        return Response(status_code=303, headers={"Location": login})
    address = asked.prefix + wanted if site else login
    return page_reply("reload.html", address=address)

"""``/login`` and ``/logout``: a browser gets a cookie for a token or for the code of a link."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from modelkeep.web.errors import declared
from modelkeep.web.guard.addresses import inside
from modelkeep.web.guard.asked import Asked, Caller, asked_of, caller_of, set_caller
from modelkeep.web.guard.forms import read_form
from modelkeep.web.guard.gate import gate_of, must_wait
from modelkeep.web.guard.refusals import Refusal
from modelkeep.web.rendering import page_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("login", router)

_WRONG = "This token or code is not accepted. It may be mistyped, used, removed or expired."


@router.get("/login")
async def login_page(
    request: Request, wanted: Annotated[str, Query(alias="next", max_length=4096)] = "/"
) -> Response:
    """Show the form; whoever is logged in already goes on to the page that was asked for."""
    asked = asked_of(request.scope)
    if caller_of(request.scope) is not None:
        return _to(asked, wanted)
    return _page(asked, wanted)


@router.post("/login", responses=declared(400, 403, 429))
async def log_in(request: Request) -> Response:
    """Take a token or a code, and give the browser its cookie."""
    asked, gate = asked_of(request.scope), gate_of(request.scope)
    fields = await read_form(request, is_login=True)
    wanted, value = fields.get("next", "/"), fields.get("token", "").strip()
    if seconds := gate.tries.wait(asked.client):
        return _page(asked, wanted, must_wait(seconds))
    token = await run_in_threadpool(gate.token_or_code, value) if value else None
    if token is None:
        if value:
            gate.tries.failed(asked.client)
        return _page(asked, wanted, Refusal(403, "WrongToken", _WRONG))
    set_caller(request.scope, Caller.of(token))
    reply = _to(asked, wanted)
    reply.headers["Set-Cookie"] = gate.sessions.start(asked, token)
    return reply


@router.post("/logout", responses=declared(400, 403))
async def log_out(request: Request) -> Response:
    """Take the cookie away."""
    asked, gate = asked_of(request.scope), gate_of(request.scope)
    await read_form(request)
    reply = _to(asked, "/login")
    reply.headers["Set-Cookie"] = gate.sessions.end(asked)
    return reply


def _page(asked: Asked, wanted: str, refusal: Refusal | None = None) -> Response:
    reply = page_reply(
        "login.html",
        refusal.status if refusal else 200,
        prefix=asked.prefix,
        next=inside(wanted),
        error=f"{refusal.message}. {refusal.hint}".rstrip(". ") + "." if refusal else "",
    )
    reply.headers.update(refusal.headers if refusal else {})
    return reply


def _to(asked: Asked, wanted: str) -> Response:
    return Response(status_code=303, headers={"Location": asked.prefix + inside(wanted)})

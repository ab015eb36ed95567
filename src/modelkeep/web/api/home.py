"""``/``: where a login leads to; who is logged in, and where the API is described."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from modelkeep.web.guard.asked import asked_of, caller_of
from modelkeep.web.guard.sessions import csrf_token
from modelkeep.web.pages import page_reply
from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("home", router)


@router.get("/")
async def home(request: Request) -> Response:
    """Show who is logged in, and let them log out."""
    caller = caller_of(request.scope)
    return page_reply(
        "home.html",
        prefix=asked_of(request.scope).prefix,
        name=caller.name if caller else "",
        may_manage=caller is not None and caller.may_manage,
        csrf=csrf_token(request.scope),
    )

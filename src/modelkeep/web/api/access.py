"""``/api/v1/access``: the named tokens of the server; only for those who may do everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from modelkeep.app import access
from modelkeep.app.server_tokens import Rights
from modelkeep.web.checked import CheckedBody
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.guard.asked import caller_of
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes


def _managers_alone(request: Request) -> None:
    caller = caller_of(request.scope)
    if caller is None or not caller.may_manage:
        raise HTTPException(403)


router = Router(prefix=f"{API}/access", dependencies=[Depends(_managers_alone)])
ROUTES = Routes("access", router)

_NameInPath = Annotated[str, Path(max_length=64)]


class NewAccess(CheckedBody):
    """A token to make.

    Attributes:
        name: How it is called.
        scope: ``read`` or ``manage``.
        expires: A span such as 30d, or a date; None or ``never`` for never.
    """

    name: str = Field(max_length=64)
    scope: Rights = "read"
    expires: str | None = Field(default=None, max_length=100)


class AccessFacts(BaseModel):
    """What is told of a token; times in ISO 8601."""

    name: str
    scope: Rights
    created: str | None
    expires: str | None
    expired: bool


class AccessWithValue(AccessFacts):
    """A token that was made, with its value, which is told once."""

    token: str


class AccessList(BaseModel):
    """The named tokens."""

    items: list[AccessFacts]


@router.get("/", response_model=AccessList)
def list_access(context: Context) -> Response:
    """List the named tokens."""
    found = access.entries(context.settings)
    return json_reply({"items": [one.to_json() for one in found]})


@router.post(
    "/", status_code=201, response_model=AccessWithValue, responses=declared(400, 403, 409)
)
def add_access(context: Context, body: NewAccess) -> Response:
    """Make a token; its value is in this answer and nowhere else."""
    end = None if body.expires is None else access.read_expiry(body.expires)
    added = access.add(context.settings, body.name, body.scope, end)
    return json_reply(added.to_json(), 201, headers={"Cache-Control": "no-store"})


@router.delete("/{name}", status_code=204, responses=declared(404))
def remove_access(context: Context, name: _NameInPath) -> Response:
    """Remove a token; it is not accepted from now on."""
    access.remove(context.settings, name)
    return no_content()

"""``/api/v1/views``: saved views, which are query strings by name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from pydantic import BaseModel, Field

from modelkeep.app import views as app
from modelkeep.core import limits
from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.replies import json_reply, no_content
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=f"{API}/views")
ROUTES = Routes("views", router)

Name = Annotated[str, Path(max_length=limits.VIEW_NAME_CHARACTERS)]


class ViewQuery(BaseModel):
    """Which models a view has, as the query string of ``search``."""

    query: str = Field(max_length=limits.TEXT_CHARACTERS)


class ViewBody(ViewQuery):
    """A saved view; ``saved_at`` is in seconds since the epoch."""

    name: str
    saved_at: float


class ViewList(BaseModel):
    """All views."""

    views: list[ViewBody]


@router.get("/", response_model=ViewList)
def list_views(context: Context) -> Response:
    """List the saved views by name."""
    return json_reply({"views": [view.to_json() for view in app.views(context.manager)]})


@router.put("/{name:path}", response_model=ViewBody, responses=declared(400, 403, 404, 422))
def save_view(name: Name, view: ViewQuery, context: Context) -> Response:
    """Save a view; one of this name is replaced."""
    return json_reply(app.save(context.manager, name.removesuffix("/"), view.query).to_json())


@router.delete("/{name:path}", status_code=204, responses=declared(403, 404, 422))
def forget_view(name: Name, context: Context) -> Response:
    """Forget a view."""
    app.forget(context.manager, name.removesuffix("/"))
    return no_content()

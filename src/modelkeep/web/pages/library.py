"""``/``: the models of the library."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from modelkeep.app import library
from modelkeep.app.query import SearchRequest
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("library", router)


@router.get("/")
def library_page(request: Request, context: Context) -> Response:
    """Show the models that are asked for."""
    wanted = SearchRequest.read(request.scope["query_string"].decode("utf-8", "replace"))
    found = library.page(context.manager, wanted.query)
    return page(request, "library.html", title="Library", section="library", models=found.models)

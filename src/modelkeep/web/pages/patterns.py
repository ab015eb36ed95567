"""``/patterns``: every part that the pages are made of, once."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app import equivalent
from modelkeep.web.frame import page
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("patterns", router)


@router.get("/patterns")
def patterns_page(request: Request) -> Response:
    """Show every part."""
    same = equivalent.of_show("a-key")
    return page(request, "patterns.html", title="Patterns", equivalent=same)

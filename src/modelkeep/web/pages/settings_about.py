"""``/settings/about``: the program, its folders and its settings."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app.config import settings_in_use
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("settings_about", router)


@router.get("/settings/about")
def about_page(request: Request, context: Context) -> Response:
    """Show the version, where things are, and every setting with its origin."""
    return page(
        request,
        "settings_about.html",
        title="About",
        section="settings",
        part="about",
        settings=context.settings,
        values=settings_in_use(context.settings),
    )

"""``/settings/log``: what was changed over HTTP, and by whom."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from modelkeep.app.changes import changes
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("settings_log", router)

_SHOWN = 50


@router.get("/settings/log")
def log_page(
    request: Request,
    context: Context,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Show changes, the newest first."""
    found = changes(context.manager, _SHOWN, after)
    return page(
        request,
        "settings_log.html",
        title="Changes",
        section="settings",
        part="log",
        changes=found.changes,
        next=found.next,
        is_first=after is None,
    )

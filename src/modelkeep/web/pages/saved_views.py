"""``/views``: what the library's page does with saved views."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app import views
from modelkeep.web.acting import acted
from modelkeep.web.context import Context
from modelkeep.web.guard.forms import read_form
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("saved_views", router)


@router.post("/views")
async def save_view_form(request: Request, context: Context) -> Response:
    """Save the list that the form was sent from."""
    fields = await read_form(request)
    name, query = fields.get("name", ""), fields.get("query", "")

    def act() -> Notice:
        return Notice(f"The view {views.save(context.manager, name, query).name} is saved")

    return await acted(request, context, act, fields.get("here", "/"))


@router.post("/views/forget")
async def forget_view_form(request: Request, context: Context) -> Response:
    """Forget a view; it can be saved again."""
    fields = await read_form(request)
    name = fields.get("name", "")

    def act() -> Notice:
        known = {view.name: view for view in views.views(context.manager)}
        views.forget(context.manager, name)
        again = (("name", name), ("query", known[name].query)) if name in known else ()
        return Notice(f"The view {name} is forgotten", undo="/views", fields=again)

    return await acted(request, context, act, fields.get("here", "/"))

"""``/views``: what the library's page does with saved views."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from modelkeep.app import views
from modelkeep.app.outcomes import error_json
from modelkeep.errors import ModelKeepError
from modelkeep.web.context import Context
from modelkeep.web.frame import lead_to, told_by
from modelkeep.web.guard.forms import read_form
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice
from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("saved_views", router)


@router.post("/views")
async def save_view_form(request: Request, context: Context) -> Response:
    """Save the list that the form was sent from."""
    fields = await read_form(request)
    name, query = fields.get("name", ""), fields.get("query", "")
    try:
        saved = await run_in_threadpool(views.save, context.manager, name, query)
    except ModelKeepError as error:
        notice = told_by(over_http(error_json(error)))
    else:
        notice = Notice(f"The view {saved.name} is saved")
    return lead_to(request, context.notices, fields.get("here", "/"), notice)


@router.post("/views/forget")
async def forget_view_form(request: Request, context: Context) -> Response:
    """Forget a view; it can be saved again."""
    fields = await read_form(request)
    name = fields.get("name", "")
    try:
        known = {view.name: view for view in await run_in_threadpool(views.views, context.manager)}
        await run_in_threadpool(views.forget, context.manager, name)
    except ModelKeepError as error:
        notice = told_by(over_http(error_json(error)))
    else:
        again = (("name", name), ("query", known[name].query)) if name in known else ()
        notice = Notice(f"The view {name} is forgotten", undo="/views", fields=again)
    return lead_to(request, context.notices, fields.get("here", "/"), notice)

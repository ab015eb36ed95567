"""``/install/sample``: the sample models, added and removed."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from modelkeep.app.outcomes import error_json
from modelkeep.app.sample.library import add_samples, remove_samples
from modelkeep.core.names import counted
from modelkeep.errors import ModelKeepError
from modelkeep.web.context import shared_by
from modelkeep.web.frame import lead_to, told_by
from modelkeep.web.guard.forms import read_form
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice
from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("samples", router)


@router.post("/install/sample")
async def add(request: Request) -> Response:
    """Add the sample models, and lead on to the library."""
    form, context = await read_form(request), shared_by(request)
    try:
        count = await run_in_threadpool(add_samples, context.manager)
    except ModelKeepError as error:
        notice = told_by(over_http(error_json(error)))
        return lead_to(request, context.notices, form.get("here", "/install"), notice)
    text = f"{counted(count, 'sample model')} came into the library"
    return lead_to(request, context.notices, "/", Notice(text, undo="/install/sample/remove"))


@router.post("/install/sample/remove")
async def remove(request: Request) -> Response:
    """Remove the sample models, and lead on to the library."""
    await read_form(request)
    context = shared_by(request)
    try:
        count = await run_in_threadpool(remove_samples, context.manager)
        notice = Notice(f"{counted(count, 'sample model')} went, and nothing of them is left")
    except ModelKeepError as error:
        notice = told_by(over_http(error_json(error)))
    return lead_to(request, context.notices, "/", notice)

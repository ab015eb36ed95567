"""``/install/sample``: the sample models, added and removed."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app.sample.library import add_samples, remove_samples
from modelkeep.core.names import counted
from modelkeep.web.acting import acted
from modelkeep.web.context import shared_by
from modelkeep.web.guard.forms import read_form
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("samples", router)


@router.post("/install/sample")
async def add(request: Request) -> Response:
    """Add the sample models, and lead on to the library."""
    form, context = await read_form(request), shared_by(request)

    def act() -> Notice:
        count = add_samples(context.manager)
        text = f"{counted(count, 'sample model')} came into the library"
        return Notice(text, undo="/install/sample/remove")

    return await acted(request, context, act, "/", otherwise=form.get("here", "/install"))


@router.post("/install/sample/remove")
async def remove(request: Request) -> Response:
    """Remove the sample models, and lead on to the library."""
    await read_form(request)
    context = shared_by(request)

    def act() -> Notice:
        count = remove_samples(context.manager)
        return Notice(f"{counted(count, 'sample model')} went, and nothing of them is left")

    return await acted(request, context, act, "/")

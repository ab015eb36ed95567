"""``/loaded``: the models that are in memory, and what they take of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from modelkeep.app import load as loads
from modelkeep.app.memory import loadable, memory
from modelkeep.core.names import counted, size_text
from modelkeep.web.acting import Next, acted
from modelkeep.web.context import Context, WebContext
from modelkeep.web.frame import lead_to, page
from modelkeep.web.guard.forms import read_form
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("loaded", router)

_TEXT, _DIGITS = 256, 9
#: Seconds that a load is waited for, so that a short one is told of at once.
_PATIENCE = 1.5


@router.get("/loaded")
def loaded_page(
    request: Request, context: Context, q: Annotated[str, Query(max_length=_TEXT)] = ""
) -> Response:
    """Show what is in memory, and what else a text finds that could be."""
    found = loadable(context.manager, q) if q.strip() else []
    return page(
        request,
        "loaded.html",
        title="Loaded",
        section="loaded",
        memory=memory(context.manager),
        loads=context.background_loads.entries(),
        text=q,
        found=found,
    )


@router.post("/loaded/load")
async def load_one(request: Request, context: Context) -> Response:
    """Begin to load a model, or a part of one; what takes long is shown while it goes on."""
    form = await read_form(request)
    key, part = form.get("key", ""), form.get("part", "")
    here = form.get("here", "/loaded")
    return await acted(request, context, lambda: begin_load(context, key, part, here), here)


@router.post("/loaded/dismiss")
async def dismiss_load(request: Request, context: Context) -> Response:
    """Cancel a load, or forget that it failed."""
    form = await read_form(request)
    number = form.get("number", "")
    if number.isdecimal() and len(number) <= _DIGITS:
        context.background_loads.dismiss(int(number))
    return lead_to(request, context.notices, "/loaded", None)


@router.post("/loaded/evict")
async def evict_some(request: Request, context: Context) -> Response:
    """Take a model, a part of one, or all that nobody uses out of memory."""
    form = await read_form(request)

    def evict() -> Notice:
        key, part = form.get("key") or None, form.get("part") or None
        gone = loads.evict(context.manager, key, part)
        if not gone.parts:
            return Notice("Nothing left memory", "What is in use stays until it is let go.")
        what = f"{counted(gone.parts, 'part')} left memory"
        return Notice(f"{what}, {size_text(gone.bytes)} became free")

    return await acted(request, context, evict, form.get("here", "/loaded"))


def begin_load(context: WebContext, key: str, part: str, here: str) -> Next:
    """Begin to load a part of a model; return the page that shows what becomes of it.

    Args:
        context: Of the server.
        key: Of the record.
        part: Of a main model; empty for one that is one thing.
        here: The page that tells of a load that was quick.
    """
    begun, info = context.background_loads.begin(key, part, _PATIENCE)
    if info is None:
        return Next("/loaded")
    if info.is_cached:
        return Next(here, Notice(f"{begun.name} was in memory already"))
    return Next(here, Notice(f"{begun.name} was loaded: {size_text(info.bytes)}"))

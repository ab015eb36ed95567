"""``/loaded``: the models that are in memory, and what they take of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from modelkeep.app import load as loads
from modelkeep.app.memory import loadable, memory
from modelkeep.core.names import counted, size_text
from modelkeep.web.acting import acted
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.guard.forms import read_form
from modelkeep.web.keys import config_of
from modelkeep.web.notices import Notice
from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("loaded", router)

_TEXT = 256


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
        text=q,
        found=found,
    )


@router.post("/loaded/load")
async def load_one(request: Request, context: Context) -> Response:
    """Load a model, or a part of one, and answer when it is there; few load at a time."""
    form = await read_form(request)

    def load() -> Notice:
        key = config_of(context, form.get("key", "")).key
        [found] = loads.load(context.manager, key, loads.LoadOptions(form.get("part", "")))
        if found.cached:
            return Notice(f"{found.name} was in memory already")
        took = f"{found.seconds:.1f} seconds"
        return Notice(f"{found.name} was loaded in {took}: {size_text(found.bytes)}")

    return await acted(request, context, load, "/loaded", limiter=context.loading)


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

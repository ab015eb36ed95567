"""What is done with one model: it is verified, looked up, loaded; it loses its picture."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from modelkeep.app import enrich, load, preview, tasks
from modelkeep.app.job_kinds.enrich import EnrichDetails
from modelkeep.app.job_kinds.verify import VerifyDetails
from modelkeep.core import limits
from modelkeep.core.names import size_text
from modelkeep.web.acting import Next, acted
from modelkeep.web.context import Context, WebContext
from modelkeep.web.frame import page
from modelkeep.web.guard.forms import read_file, read_form
from modelkeep.web.keys import InPath, config_of
from modelkeep.web.managers import MANAGERS
from modelkeep.web.model_pages import ModelAddress
from modelkeep.web.notices import Notice
from modelkeep.web.pages.loaded import begin_load
from modelkeep.web.pages.model import model_below
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False, dependencies=[MANAGERS])
ROUTES = Routes("model_work", router)


@router.post("/models/{key:path}/verify")
async def verify_model(request: Request, context: Context, key: InPath) -> Response:
    """Begin to read every byte of a model; its page then shows how far that is."""
    form = await read_form(request)
    details = VerifyDetails(keys=[key], accept="accept" in form)
    return await _begin(request, context, key, details)


@router.get("/models/{key:path}/enrich")
def enrich_page(request: Request, context: Context, key: InPath) -> Response:
    """Show which sites would be asked about a model, and what they would get."""
    record = model_below(request, context, key, "/enrich")
    plan = enrich.plan(context.manager, [record.key], without=(), again=True)
    return page(
        request,
        "model_enrich.html",
        title=f"Look up {record.name}",
        section="library",
        at=ModelAddress.asked(request, record.key),
        model=record,
        questions=[enrich.question_text(question) for question in plan.questions],
        notes=enrich.plan_notes(plan),
    )


@router.post("/models/{key:path}/enrich")
async def enrich_model(request: Request, context: Context, key: InPath) -> Response:
    """Begin to ask the sites about a model: its reader has seen which."""
    await read_form(request)
    details = EnrichDetails(keys=[key], again=True, yes=True)
    return await _begin(request, context, key, details)


@router.post("/models/{key:path}/load")
async def load_model(request: Request, context: Context, key: InPath) -> Response:
    """Begin to load a model that is one thing; what takes long is shown while it goes on."""
    await read_form(request)
    address = ModelAddress.asked(request, key)

    return await acted(request, context, lambda: begin_load(context, key, "", address()), address())


@router.post("/models/{key:path}/evict")
async def evict_model(request: Request, context: Context, key: InPath) -> Response:
    """Take a model out of memory."""
    await read_form(request)
    address = ModelAddress.asked(request, key)

    def act() -> Notice:
        done = load.evict(context.manager, config_of(context, key).key)
        freed = f"{size_text(done.bytes)} are free again" if done.bytes else "Nothing was in memory"
        return Notice(freed)

    return await acted(request, context, act, address())


@router.post("/models/{key:path}/picture")
async def set_picture(request: Request, context: Context, key: InPath) -> Response:
    """Make the picture of a form the preview of a model; a small copy of it is kept."""
    content = await read_file(request, "picture", limits.FETCHED_PREVIEW_BYTES)
    address = ModelAddress.asked(request, key)

    def act() -> Notice:
        if not content:
            return Notice("No picture was chosen", "Choose one, then send it.", "failed")
        preview.set_preview(context.manager, config_of(context, key), content)
        return Notice("It shows the picture now")

    return await acted(request, context, act, address(), limiter=context.drawing)


@router.post("/models/{key:path}/preview")
async def remove_preview(request: Request, context: Context, key: InPath) -> Response:
    """Have a model show no picture."""
    await read_form(request)
    address = ModelAddress.asked(request, key)

    def act() -> Notice:
        preview.remove_preview(context.manager, config_of(context, key))
        return Notice("It shows no picture now")

    return await acted(request, context, act, address())


async def _begin(request: Request, context: WebContext, key: str, details: Any) -> Response:
    """Begin a task about a model, whose page then shows how far that is."""
    address = ModelAddress.asked(request, key)
    kind = "verify" if isinstance(details, VerifyDetails) else "enrich"

    def act() -> Next:
        name = config_of(context, key).name
        return Next(address(task=tasks.begin_task(context.manager, kind, details, name).row.id))

    return await acted(request, context, act, address())

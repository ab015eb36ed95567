"""``/models/{key}/remove``: what goes and what stays; and bringing a model back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from modelkeep.app import equivalent, trash
from modelkeep.app.remove import Removable, RemovalMode, RemovedModel, preview, remove
from modelkeep.core.limits import TRASH_DAYS
from modelkeep.errors import UsageError
from modelkeep.web.context import Context, WebContext
from modelkeep.web.frame import lead_to, page
from modelkeep.web.guard.forms import read_form
from modelkeep.web.keys import InPath
from modelkeep.web.managers import MANAGERS
from modelkeep.web.model_pages import ModelAddress
from modelkeep.web.notices import Notice
from modelkeep.web.pages.model import model_below
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager

router = Router(include_in_schema=False, dependencies=[MANAGERS])
ROUTES = Routes("model_remove", router)

_RECORD_ONLY = "record"
#: What people choose between.
_MODES: Mapping[str, RemovalMode] = MappingProxyType(
    {
        "trash": RemovalMode(),
        "everywhere": RemovalMode(everywhere=True),
        _RECORD_ONLY: RemovalMode(keep_files=True),
        "now": RemovalMode(now=True),
        "everywhere-now": RemovalMode(everywhere=True, now=True),
    }
)


@router.get("/models/{key:path}/remove")
def remove_page(request: Request, context: Context, key: InPath) -> Response:
    """Show what removing a model would do, in each way that differs from the others."""
    record = model_below(request, context, key, "/remove")
    return page(
        request,
        "model_remove.html",
        title=f"Remove {record.name}",
        section="library",
        at=ModelAddress.asked(request, record.key),
        model=record,
        ways=dict(_ways(context.manager, Removable(record))),
        days=TRASH_DAYS,
        equivalent=equivalent.of_remove(record.key, RemovalMode()),
    )


@router.post("/models/{key:path}/remove")
async def remove_model(request: Request, context: Context, key: InPath) -> Response:
    """Remove a model in the way that was chosen, and lead to the list."""
    form = await read_form(request)
    return await run_in_threadpool(_remove, request, context, key, form.get("how", ""))


@router.post("/models/{key:path}/restore")
async def restore_model(request: Request, context: Context, key: InPath) -> Response:
    """Bring a model back from the trash, and lead to it."""
    await read_form(request)
    return await run_in_threadpool(_restore, request, context, key)


def _ways(manager: ModelManager, model: Removable) -> Iterator[tuple[str, RemovedModel]]:
    seen: set[tuple[object, bool]] = set()
    for name, mode in _MODES.items():
        planned = preview(manager, model, mode)
        what = (planned.files, mode.now)
        if what not in seen and not (mode.now and not planned.files):
            seen.add(what)
            yield name, planned


def _remove(request: Request, context: WebContext, key: str, how: str) -> Response:
    address = ModelAddress.asked(request, key)
    model = Removable(context.manager.records.get_model(key))
    mode = _MODES.get(how)
    if mode is None:
        raise UsageError("Nothing was chosen", hint="Choose how the model is removed.")
    done = remove(context.manager, model, mode)
    undo = "" if mode.now else address("/restore")
    notice = Notice(f"{done.name}: {done.fate}", done.note if mode.now else "", undo=undo)
    return lead_to(request, context.notices, address.back, notice)


def _restore(request: Request, context: WebContext, key: str) -> Response:
    manager = context.manager
    record = trash.restore(manager, trash.entry(manager, key).key)
    address = ModelAddress.asked(request, record.key)
    return lead_to(request, context.notices, address(), Notice(f"{record.name} is back"))

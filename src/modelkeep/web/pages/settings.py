"""``/settings``: the folders that hold models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from modelkeep.app import roots
from modelkeep.app.job_kinds.scan import ScanDetails
from modelkeep.app.manager import ModelManager
from modelkeep.app.reach import readable
from modelkeep.app.requested import requested_place
from modelkeep.app.tasks import begin_task
from modelkeep.core.commands import command
from modelkeep.core.names import counted, shown
from modelkeep.errors import SourceNotFoundError
from modelkeep.web.acting import acted
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.guard.forms import read_form
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("settings", router)

_HERE = "/settings"
#: Fields of the form for a new folder, which come back where it is refused.
_TYPED = ("name", "path", "layout", "readonly")
_Word = Annotated[str, Query(max_length=4096)]


@router.get(_HERE)
def settings_page(
    request: Request,
    context: Context,
    *,
    name: _Word = "",
    path: _Word = "",
    layout: _Word = "",
    readonly: _Word = "",
) -> Response:
    """Show the folders, and a form for another one."""
    return page(
        request,
        "settings.html",
        title="Folders",
        section="settings",
        part="folders",
        roots=roots.roots(context.manager),
        layouts=roots.layout_labels(),
        typed={"name": name, "path": path, "layout": layout, "readonly": readonly},
    )


@router.post(f"{_HERE}/folders/add")
async def add_folder(request: Request, context: Context) -> Response:
    """Register a folder, and look for the models in it."""
    form = await read_form(request)
    typed = [(name, form[name]) for name in _TYPED if form.get(name)]
    again = f"{_HERE}?{urlencode(typed)}"
    return await acted(
        request, context, lambda: _add(context.manager, form), _HERE, otherwise=again
    )


@router.post(f"{_HERE}/folders/scan")
async def scan_folder(request: Request, context: Context) -> Response:
    """Look for models in a folder, and register them where they are."""
    form = await read_form(request)
    name = form.get("name", "")
    return await acted(request, context, lambda: _scan(context.manager, name), _HERE)


@router.post(f"{_HERE}/folders/move")
async def move_folder(request: Request, context: Context) -> Response:
    """Take note of where a folder is now."""
    form = await read_form(request)
    return await acted(request, context, lambda: _move(context.manager, form), _HERE)


@router.post(f"{_HERE}/folders/remove")
async def remove_folder(request: Request, context: Context) -> Response:
    """Unregister a folder."""
    form = await read_form(request)
    return await acted(request, context, lambda: _remove(context.manager, form), _HERE)


def _add(manager: ModelManager, form: Mapping[str, str]) -> Notice:
    name, path = form.get("name", "").strip(), form.get("path", "").strip()
    try:
        folder = readable(manager, path)
    except SourceNotFoundError as error:
        raise SourceNotFoundError(
            f"{shown(path)} is no folder that pages can open",
            hint="On the computer of the server, register it with:"
            f" {command('root', 'add', name or 'NAME', path)}",
        ) from error
    layout, readonly = form.get("layout") or None, bool(form.get("readonly"))
    added = roots.add(manager, name, folder, layout=layout, readonly=readonly)
    begin_task(manager, "scan", ScanDetails(name, register=True), name)
    return Notice(f"{added.key} is one of the folders now", "Its models are being looked for.")


def _scan(manager: ModelManager, name: str) -> Notice:
    place = requested_place(manager, name)  # what is no name of a root is a path
    begin_task(manager, "scan", ScanDetails(place, register=True), name)
    return Notice(f"Models are being looked for in {name}", "Jobs shows how far it is.")


def _move(manager: ModelManager, form: Mapping[str, str]) -> Notice:
    folder = readable(manager, form.get("path", "").strip())
    moved = roots.move(manager, form.get("name", ""), folder, sure=bool(form.get("sure")))
    return Notice(f"{moved.key} is in {shown(moved.path)} now")


def _remove(manager: ModelManager, form: Mapping[str, str]) -> Notice:
    what = form.get("records", "")
    done = roots.remove(manager, form.get("name", ""), forget=what == "forget", keep=what == "keep")
    models = counted(done.models, "model")
    left = f"{models} left the library" if done.forgotten else f"{models} stay in the library"
    told = left if done.models else ""
    return Notice(f"{done.key} is none of the folders any more", f"{told}. Its files stay.")

"""``/install/scan``: what is in a folder, with ticks."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import Request, Response

from modelkeep.app import folder_scan
from modelkeep.core.names import shown, text_to_path
from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.identification.known_families import base_label
from modelkeep.web.acting import Next, acted
from modelkeep.web.checked import JobNumber
from modelkeep.web.context import Context, shared_by
from modelkeep.web.frame import page
from modelkeep.web.guard.forms import read_fields, read_form
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("add_folder", router)

_MOST_DIGITS = 7


@router.post("/install/scan")
async def begin(request: Request) -> Response:
    """Begin to look into a folder, and lead on to what is found."""
    form, context = await read_form(request), shared_by(request)

    def act() -> Next:
        number = folder_scan.begin_scan(context.manager, form.get("what", ""))
        return Next(f"/install/scan/{number}")

    return await acted(request, context, act, form.get("here", "/install"))


@router.get("/install/scan/{number}")
def show(request: Request, context: Context, number: JobNumber) -> Response:
    """Show what a scan has found, or how far it is."""
    scan = folder_scan.folder_scan(context.manager, number)
    facts = over_http(scan.task.to_json(is_brief=True))
    kinds = [
        (kind, list(rows)) for kind, rows in groupby(map(_row, scan.found), lambda one: one["kind"])
    ]
    return page(
        request,
        "add_folder.html",
        title=f"In {shown(text_to_path(scan.folder))}",
        section="add",
        scan=scan,
        number=number,
        task=facts,
        kinds=kinds,
        listed=folder_scan.LISTED,
        root=folder_scan.usual_root_name(context.manager, scan),
    )


@router.post("/install/scan/{number}")
async def take(request: Request, number: JobNumber) -> Response:
    """Register or install what is ticked, and lead on to the jobs."""
    given, context = await read_fields(request), shared_by(request)
    single = dict(given)
    ticked = {value for name, value in given if name == "n"}

    def act() -> Notice:
        folder_scan.take(
            context.manager,
            number,
            None if single.get("which") == "all" else _numbers(ticked),
            single.get("way", "register"),
            single.get("root", "").strip(),
        )
        return Notice("The models are being added")

    return await acted(request, context, act, "/jobs", otherwise=f"/install/scan/{number}")


def _numbers(ticked: set[str]) -> list[int]:
    """Return the places in a report that are named; what names none is left out."""
    return [int(text) for text in ticked if text.isdecimal() and len(text) <= _MOST_DIGITS]


def _row(numbered: tuple[int, Any]) -> dict[str, Any]:
    number, finding = numbered
    return {
        **finding,
        "n": number,
        "kind": type_label(ModelType(finding["type"])) if finding["type"] else "",
        "base_label": base_label(BaseModelType(finding["base"])) if finding["base"] else "",
    }

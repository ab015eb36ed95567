"""``/install``: one box for whatever somebody wants to add, its plan, and its install."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from modelkeep.app import adding, tokens, uploads
from modelkeep.app import start as first_steps
from modelkeep.app.add_options import AddOptions, begin_all
from modelkeep.app.adding import Answer
from modelkeep.app.equivalent import of_install
from modelkeep.core.names import counted
from modelkeep.core.taxonomy import BaseModelType, ModelType, type_label
from modelkeep.identification.known_families import base_label
from modelkeep.web.acting import Next, acted
from modelkeep.web.context import Context, WebContext, shared_by
from modelkeep.web.frame import frame_of, page, told_by
from modelkeep.web.guard.forms import read_fields, read_form
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("add", router)

_LONGEST = 20_000
#: Precisions of repositories that are offered; the first is the usual one.
_FORMS = ("fp16", "fp32")
_OPTIONS = tuple(each.name for each in fields(AddOptions))


@dataclass(frozen=True, slots=True)
class Answers:
    """What the lists of the page offer: values, each with what people call it."""

    types: list[tuple[str, str]]
    bases: list[tuple[str, str]]
    roots: list[tuple[str, str]]
    sites: list[tuple[str, str]]


@router.get("/install")
def add_page(request: Request, context: Context) -> Response:
    """Show the box and, where something was put into it, what that is."""
    given = request.query_params
    text = given.get("q", "")[:_LONGEST]
    options = AddOptions(**{name: given.get(name, "")[:200] for name in _OPTIONS})
    found: list[Answer] = []
    if frame_of(request).may_manage:
        found = adding.answers(context.manager, text, options)
    return page(
        request,
        "add.html",
        title="Add models",
        section="add",
        text=text,
        wanted=options,
        answers=[_shown(context, answer) for answer in found],
        choices=_choices(context),
        uploads=[each for each in uploads.views(context.manager) if each.status == "uploading"],
        start=first_steps.first_steps(context.manager),
        most=adding.MOST_LINES,
    )


@router.post("/install")
async def begin_installs(request: Request) -> Response:
    """Begin the installs that are ticked, and lead on to the jobs."""
    given, context = await read_fields(request), shared_by(request)
    single = dict(given)
    options = AddOptions(**{name: single.get(name, "")[:200] for name in _OPTIONS})
    sources = [value for name, value in given if name == "source"]
    here = single.get("here", "/install")
    return await acted(request, context, lambda: _begin(context, sources, options, here), "/jobs")


@router.post("/install/token")
async def keep_token(request: Request) -> Response:
    """Keep a token for a site, and lead back to what needs it."""
    form, context = await read_form(request), shared_by(request)
    site, token = form.get("site", ""), form.get("token", "").strip()

    def act() -> Notice | None:
        if not token:
            return None
        return Notice(f"The token for {tokens.store(context.manager, site, token).key} is stored")

    return await acted(request, context, act, form.get("here", "/install"))


@router.post("/install/upload/remove")
async def remove_upload(request: Request) -> Response:
    """Remove what has come of an upload."""
    form, context = await read_form(request), shared_by(request)

    def act() -> Notice:
        uploads.remove(context.manager, uploads.find(context.manager, form.get("id", "")))
        return Notice("The upload was removed")

    return await acted(request, context, act, "/install")


def _begin(context: WebContext, sources: list[str], options: AddOptions, here: str) -> Next:
    begun, failed = begin_all(context.manager, sources, options)
    if failed:
        told = told_by(failed[0])
        more = f" {counted(len(begun), 'install')} began." if begun else ""
        notice = Notice(told.text, f"{told.hint}{more}".strip(), "failed")
        return Next("/jobs" if begun else here, notice)
    if not begun:
        return Next(here, Notice("Nothing was chosen", "Tick what you want to install.", "failed"))
    what = "The install" if len(begun) == 1 else counted(len(begun), "install")
    return Next("/jobs", Notice(f"{what} began"))


def _shown(context: WebContext, answer: Answer) -> dict[str, Any]:
    """Return an answer as its template takes it."""
    planned = answer.planned
    facts = planned.to_json() if planned is not None else None
    kind = ""
    if facts is not None and facts["type"] != "unknown":
        kind = type_label(ModelType(facts["type"]))
    return {
        "answer": answer,
        "plan": over_http(facts),
        "kind": kind,
        "base": base_label(BaseModelType(facts["base"])) if facts and facts["base"] else "",
        "picture": _picture(context, facts, is_local=answer.is_local),
        "error": over_http(dict(answer.error)),
        "forms": _forms(answer),
        "same": of_install(answer.text),
        "hits": [_hit(context, *each) for each in answer.hits or ()],
    }


def _picture(context: WebContext, facts: dict[str, Any] | None, *, is_local: bool) -> str:
    address = facts["preview"] if facts is not None and not is_local else None
    return context.pictures.name(address) if address else ""


def _forms(answer: Answer) -> list[tuple[str, str]]:
    """Return the precisions of a folder of a repository, each with what asks for it."""
    source = json.loads(answer.source) if answer.source else {}
    plan = answer.planned.plan if answer.planned else None
    if source.get("type") != "hf" or plan is None or not plan.is_folder:
        return []
    inside = f":{source['subfolder']}" if source.get("subfolder") else ""
    return [(form, f"{source['repo_id']}:{form}{inside}") for form in _FORMS]


def _hit(context: WebContext, hit: Any, key: str) -> dict[str, Any]:
    facts = hit.to_json()
    address = hit.found.picture
    return {
        **facts,
        "key": key,
        "picture": context.pictures.name(address) if address else "",
        "plan": f"/install?q={quote(facts['source'], safe='')}",
    }


def _choices(context: WebContext) -> Answers:
    named = context.manager.records.roots.named.items()
    types = [(each.value, type_label(each)) for each in ModelType if each.value != "unknown"]
    bases = [(each.value, base_label(each)) for each in BaseModelType if each.value != "unknown"]
    sites = context.manager.sites.sites
    return Answers(
        sorted(types, key=lambda pair: pair[1].lower()),
        sorted(bases, key=lambda pair: pair[1].lower()),
        [(name, name) for name, root in named if not root.is_readonly],
        [(site.name, site.label) for site in sites if site.can_search],
    )

"""``/bulk``: one action on many models: the plan for a selection, the progress, and undoing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request, Response

from modelkeep.app import tasks
from modelkeep.app.bulk import BulkRequest
from modelkeep.app.bulk_plan import BulkPlan, plan_of_filter, plan_of_keys, questions
from modelkeep.app.choices import Choices
from modelkeep.app.job_kinds.bulk import BulkDetails
from modelkeep.app.job_kinds.undo import UndoDetails
from modelkeep.app.tasks import TaskView
from modelkeep.app.undo import UNDOABLE
from modelkeep.core.limits import TRASH_DAYS
from modelkeep.core.names import counted
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import SourceNotFoundError, UsageError
from modelkeep.web.acting import Next, acted
from modelkeep.web.checked import JobNumber
from modelkeep.web.context import Context, WebContext
from modelkeep.web.counted import library_choices
from modelkeep.web.frame import lead_to, page
from modelkeep.web.guard.addresses import inside
from modelkeep.web.guard.forms import read_fields, read_form
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes
from modelkeep.web.selections import SelectedModels

router = Router(include_in_schema=False)
ROUTES = Routes("bulk_pages", router)

#: Actions of the page; taking tags away is one way of tagging.
_ACTIONS = ("tag", "retype", "enrich", "remove")
#: What is told once an action has ended, by action.
_DONE: Mapping[str, str] = {
    "tag": "tagged",
    "untag": "without these tags now",
    "retype": "changed",
    "enrich": "looked up",
    "remove": "in the trash",
    "undo": "as before",
}
#: A short action is waited for, so that its answer is the list itself.
_PATIENCE = 1.5
#: Models with which something failed that are listed.
_LISTED = 50


@router.post("/bulk")
async def select_models_form(request: Request, context: Context) -> Response:
    """Keep which models are selected, and lead on to the plan for them."""
    fields = await read_fields(request)
    given = dict(fields)
    back = inside(given.get("here", "/"))
    keys = tuple(dict.fromkeys(value for name, value in fields if name == "key"))
    if not keys and "all" not in given:
        notice = Notice("No model is selected", "Tick some first.", "failed")
        return lead_to(request, context.notices, back, notice)
    chosen = SelectedModels(None if "all" in given else keys, given.get("filter", ""), back)
    name = context.selections.put(chosen)
    query = urlencode({"action": given.get("action", "")})
    return lead_to(request, context.notices, f"/bulk/plan/{name}?{query}", None)


@router.get("/bulk/plan/{name}")
def plan_page(request: Request, context: Context, name: str, action: str = "") -> Response:
    """Show what an action would do, and ask for what it needs."""
    if action not in _ACTIONS:
        raise UsageError(f"Unknown action {action!r:.80}", hint=f"One of {', '.join(_ACTIONS)}")
    chosen = _selection(context, name)
    plan = _plan(context, chosen)
    asked = questions(context.manager, plan.keys, again=False) if action == "enrich" else ()
    return page(
        request,
        "bulk_plan.html",
        title="Many models",
        section="library",
        action=action,
        plan=plan,
        back=chosen.back,
        questions=asked,
        days=TRASH_DAYS,
        known=_known_words(library_choices(context)) if action in {"tag", "retype"} else {},
        types=[kind.value for kind in ModelType],
        bases=[base.value for base in BaseModelType],
    )


@router.post("/bulk/plan/{name}")
async def begin_bulk_form(request: Request, context: Context, name: str) -> Response:
    """Begin an action; a short one has ended when the list comes back."""
    fields = await read_form(request)
    here = fields.get("here", "/")
    return await acted(request, context, lambda: _begin(context, name, fields), here)


@router.get("/bulk/{number}")
def bulk_page(request: Request, context: Context, number: JobNumber, back: str = "/") -> Response:
    """Show how far an action is, and what became of it."""
    view = _of_many(tasks.one_task(context.manager, number))
    facts = over_http(view.to_json())
    failed = [e for e in (facts["result"] or {}).get("entries", []) if e["status"] == "failed"]
    return page(
        request,
        "bulk_task.html",
        title="Many models",
        section="library",
        task=facts,
        counts=Counter((facts["result"] or {}).get("counts", {})),
        action=_action_of(view),
        failed=failed[:_LISTED],
        left_out=max(0, len(failed) - _LISTED),
        can_undo=_can_undo(view),
        back=inside(back),
    )


@router.post("/bulk/{number}/undo")
async def undo_bulk_form(request: Request, context: Context, number: JobNumber) -> Response:
    """Undo an action; a short one has ended when the page comes back."""
    fields = await read_form(request)
    back = fields.get("back") or fields.get("here", "/")
    return await acted(request, context, lambda: _undo(context, number, back), back)


def _begin(context: WebContext, name: str, fields: Mapping[str, str]) -> Next:
    chosen = _selection(context, name)
    plan = _plan(context, chosen)
    if fields.get("count") != str(len(plan.keys)):
        raise UsageError(
            f"The selection has {counted(len(plan.keys), 'model')} by now",
            hint="Look at the plan again.",
        )
    asked = _request(plan, fields)
    about = f"{asked.action} {counted(len(asked.keys), 'model')}"
    begun = tasks.begin_task(context.manager, "bulk", BulkDetails.of(asked), about)
    return _after(context, begun, chosen.back)


def _undo(context: WebContext, number: int, back: str) -> Next:
    view = _of_many(tasks.one_task(context.manager, number))
    about = f"undo {view.row.source}"
    begun = tasks.begin_task(context.manager, "undo", UndoDetails(number), about)
    return _after(context, begun, back)


def _request(plan: BulkPlan, fields: Mapping[str, str]) -> BulkRequest:
    action = fields.get("action", "")
    tags = [tag.strip() for tag in fields.get("tags", "").split(",")] if "tag" in action else []
    is_retype, is_enrich = action == "retype", action == "enrich"
    return BulkRequest(
        keys=plan.keys,
        action=action,
        tags=[tag for tag in tags if tag],
        type=(fields.get("type") or None) if is_retype else None,
        base=(fields.get("base") or None) if is_retype else None,
        again=is_enrich and "again" in fields,
        yes=is_enrich,  # the plan named the sites
    )


def _after(context: WebContext, begun: TaskView, back: str) -> Next:
    """Return the list where an action has ended well, else the page of the action."""
    number = begun.row.id
    view = tasks.ended_within(context.manager, number, _PATIENCE)
    counts = Counter((view.to_json()["result"] or {}).get("counts", {}))
    if view.row.ended_at is None or view.row.error or counts["failed"]:
        return Next(f"/bulk/{number}?{urlencode({'back': back})}")
    action = _action_of(view)
    done = counts.total() - counts["unchanged"] if action == "enrich" else counts["done"]
    text = f"{counted(done, 'model')} {_DONE.get(action, 'done')}" if done else "Nothing changed"
    undo = f"/bulk/{number}/undo" if done and _can_undo(view) else ""
    return Next(back, Notice(text, undo=undo))


def _selection(context: WebContext, name: str) -> SelectedModels:
    chosen = context.selections.get(name)
    if chosen is None:
        raise SourceNotFoundError(
            "This selection is forgotten", hint="Go back to the library and select again."
        )
    return chosen


def _plan(context: WebContext, chosen: SelectedModels) -> BulkPlan:
    if chosen.keys is None:
        return plan_of_filter(context.manager, chosen.filter)
    return plan_of_keys(context.manager, chosen.keys)


def _of_many(view: TaskView) -> TaskView:
    if view.row.kind not in {"bulk", "undo"}:
        raise SourceNotFoundError(
            f"The task {view.row.id} is no action on many models", hint="It is among the jobs."
        )
    return view


def _action_of(view: TaskView) -> str:
    return view.row.kind if view.row.kind == "undo" else str(view.asked["asked"]["action"])


def _can_undo(view: TaskView) -> bool:
    done = (view.to_json()["result"] or {}).get("counts", {}).get("done", 0)
    return view.row.ended_at is not None and bool(done) and _action_of(view) in UNDOABLE


def _known_words(found: Choices) -> dict[str, list[str]]:
    """Return tags and bases that the library has, the most frequent first."""
    return {
        choice.name: [one.value for one in choice.values if one.value]
        for choice in found.choices
        if choice.name in {"tag", "base"}
    }

"""``/models/{key}/edit``: what a record says, to be changed."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from modelkeep.app import equivalent
from modelkeep.app.edit import RecordChange, edit
from modelkeep.app.edit_form import FormField, changes_in, form_of, plain
from modelkeep.app.outcomes import outcome_of
from modelkeep.core.configs import ModelConfigBase
from modelkeep.errors import ModelKeepError, StaleRecordError
from modelkeep.records.versions import record_version
from modelkeep.web.context import Context, WebContext
from modelkeep.web.frame import lead_to, page, told_by
from modelkeep.web.guard.forms import read_form
from modelkeep.web.keys import InPath
from modelkeep.web.managers import MANAGERS
from modelkeep.web.model_pages import ModelAddress
from modelkeep.web.notices import Notice
from modelkeep.web.pages.model import model_below
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False, dependencies=[MANAGERS])
ROUTES = Routes("model_edit", router)

_VERSION, _TAGS, _TAGS_WERE = "version", "tags", "tags_were"


@router.get("/models/{key:path}/edit")
def edit_page(request: Request, context: Context, key: InPath) -> Response:
    """Show what can be changed."""
    record = model_below(request, context, key, "/edit")
    return _form(request, context, record, {}, None)


@router.post("/models/{key:path}/edit")
async def edit_model(request: Request, context: Context, key: InPath) -> Response:
    """Change what differs from the record; refuse it where somebody else changed that meanwhile."""
    given = await read_form(request)
    return await run_in_threadpool(_edit, request, context, key, given)


def _edit(request: Request, context: WebContext, key: str, given: Mapping[str, str]) -> Response:
    manager, address = context.manager, ModelAddress.asked(request, key)
    record = manager.records.get_model(key)
    fields = form_of(manager, record)
    try:
        changes = changes_in(fields, given)
        seen = frozenset({given.get(_VERSION, "")})
        if changes and given.get(_VERSION) != _version(context, key):
            raise StaleRecordError(
                "Somebody changed this model while you were editing it",
                hint="What it says now stands below your fields. Save again to keep yours.",
            )
        done = edit(manager, key, changes, seen=seen)
    except ModelKeepError as error:
        return _form(request, context, record, given, error)
    return lead_to(request, context.notices, address(), _notice(context, fields, done, address))


def _notice(
    context: WebContext, fields: tuple[FormField, ...], done: RecordChange, at: ModelAddress
) -> Notice:
    """Return what was changed, with a form that changes it back."""
    changed = done.changed()
    if not changed:
        return Notice("Nothing was changed")
    old = [(field.word, field.text) for field in fields if field.word in changed]
    if _TAGS in changed:
        old.append((_TAGS_WERE, ", ".join(done.tags_after)))
    version = (_VERSION, _version(context, done.key))
    words = ", ".join(changed).replace("_", " ")
    return Notice(f"Saved: {words}", undo=at("/edit"), fields=(*old, version))


def _form(
    request: Request,
    context: WebContext,
    record: ModelConfigBase,
    given: Mapping[str, str],
    error: ModelKeepError | None,
) -> Response:
    """Return the page with what somebody typed, and what the record says now."""
    fields = form_of(context.manager, record)
    typed = {field.word: plain(given.get(field.word, field.text)) for field in fields}
    return page(
        request,
        "model_edit.html",
        title=f"Edit {record.name}",
        section="library",
        status=outcome_of(error).http if error is not None else 200,
        at=ModelAddress.asked(request, record.key),
        model=record,
        fields=fields,
        typed=typed,
        error=told_by(error) if error is not None else None,
        version=_version(context, record.key),
        equivalent=equivalent.of_edit(record.key, (f"name={record.name}",)),
    )


def _version(context: WebContext, key: str) -> str:
    return record_version(context.manager.records.get_json(key))

"""What the pages of ``/storage`` do: remove, bring back, delete for good, clean, look again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import Request, Response

from modelkeep.app import tasks
from modelkeep.app.job_kinds.scan import ScanDetails
from modelkeep.app.job_kinds.sync import SyncDetails
from modelkeep.app.job_kinds.verify import VerifyDetails
from modelkeep.app.leftovers import clean
from modelkeep.app.removals import Moved, purge_all, remove_all, restore_all
from modelkeep.app.requested import requested_place
from modelkeep.core import limits
from modelkeep.core.names import counted, size_text
from modelkeep.web.acting import Next, acted
from modelkeep.web.context import Context
from modelkeep.web.frame import told_by
from modelkeep.web.guard.forms import read_fields
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("storage_actions", router)


@router.post("/storage/remove")
async def remove_models(request: Request, context: Context) -> Response:
    """Move models to the trash; the notice brings them back. ``keep`` is one that stays."""
    fields = await read_fields(request)
    keep = {value for name, value in fields if name == "keep"}
    keys = [key for key in _keys(fields) if key not in keep]

    def act() -> Notice:
        done = remove_all(context.manager, keys)
        if not done.keys:
            return _failed(done, "Nothing was chosen")
        text = f"{_what(done)} moved to the trash, {size_text(done.bytes)}"
        kept = f"It is kept there for {limits.TRASH_DAYS} days."
        fields = tuple(("key", key) for key in done.keys)
        return Notice(text, _also(done) or kept, undo="/storage/restore", fields=fields)

    return await acted(request, context, act, _here(fields))


@router.post("/storage/restore")
async def restore_models(request: Request, context: Context) -> Response:
    """Bring models back from the trash."""
    fields = await read_fields(request)

    def act() -> Notice:
        done = restore_all(context.manager, _keys(fields))
        if not done.keys:
            return _failed(done, "Nothing was chosen")
        return Notice(f"{_what(done)} brought back", _also(done))

    return await acted(request, context, act, _here(fields))


@router.post("/storage/purge")
async def purge_models(request: Request, context: Context) -> Response:
    """Delete models in the trash for good; all of them where the form says how many these are."""
    fields = await read_fields(request)
    count = dict(fields).get("all", "")

    def act() -> Notice:
        keys = _keys(fields)
        if not keys and not count:
            return Notice("Nothing was chosen", kind="failed")
        done = purge_all(context.manager, None if count else keys, seen=count)
        return Notice(f"{_what(done)} deleted for good, {size_text(done.bytes)} became free")

    return await acted(request, context, act, _here(fields))


@router.post("/storage/clean")
async def clean_staging(request: Request, context: Context) -> Response:
    """Clean away what interrupted work has left."""
    fields = await read_fields(request)

    def act() -> Notice:
        done = clean(context.manager).staging
        count = sum(finding.is_fixed for finding in done)
        left = [finding for finding in done if finding.is_left]
        return Notice(f"{counted(count, 'folder')} cleaned away", left[0].message if left else "")

    return await acted(request, context, act, _here(fields))


@router.post("/storage/find")
async def find_again(request: Request, context: Context) -> Response:
    """Begin to look for moved and missing models in all roots."""
    return await _begin(request, context, "sync", lambda _: (SyncDetails(), "all roots"))


@router.post("/storage/read")
async def read_unread(request: Request, context: Context) -> Response:
    """Begin to read the models whose hashes are not known."""
    details = VerifyDetails(only_new=True)
    return await _begin(request, context, "verify", lambda _: (details, "models not read yet"))


@router.post("/storage/record")
async def record_orphan(request: Request, context: Context) -> Response:
    """Begin to record a file or folder that no record owns, where it is."""

    def scan(place: str) -> tuple[ScanDetails, str]:
        what = requested_place(context.manager, place)
        return ScanDetails(what, register=True), what or ""

    return await _begin(request, context, "scan", scan)


async def _begin(
    request: Request, context: Context, kind: str, make: Callable[[str], tuple[object, str]]
) -> Response:
    """Begin a task and lead to its page."""
    fields = await read_fields(request)

    def act() -> Next:
        details, about = make(dict(fields).get("place", ""))
        number = tasks.begin_task(context.manager, kind, details, about).row.id
        return Next(f"/jobs/{number}")

    return await acted(request, context, act, _here(fields))


def _keys(fields: Sequence[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(value for name, value in fields if name == "key"))


def _here(fields: Sequence[tuple[str, str]]) -> str:
    return dict(fields).get("here", "/storage")


def _what(done: Moved) -> str:
    return done.names[0] if len(done.names) == 1 else counted(len(done.names), "model")


def _also(done: Moved) -> str:
    """Return what went wrong with some of them."""
    if not done.errors:
        return ""
    return f"{counted(len(done.errors), 'model')} stayed: {told_by(done.errors[0]).text}."


def _failed(done: Moved, nothing: str) -> Notice:
    return told_by(done.errors[0]) if done.errors else Notice(nothing, kind="failed")

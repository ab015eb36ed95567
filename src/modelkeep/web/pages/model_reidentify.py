"""``/models/{key}/reidentify``: what the rules say of a model now, and what that would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from modelkeep.app import equivalent
from modelkeep.app import model as models
from modelkeep.app.edit import RecordChange, word_of
from modelkeep.app.explanation import nearest
from modelkeep.app.identify import IdentifyResult
from modelkeep.app.identify import answer as identify
from modelkeep.core.names import path_to_text
from modelkeep.errors import ModelKeepError
from modelkeep.identification.known_families import kind_label
from modelkeep.library.identified import set_by_hand
from modelkeep.sources.local import LocalModelSource
from modelkeep.web.acting import acted
from modelkeep.web.context import Context
from modelkeep.web.frame import page, told_by
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
    from modelkeep.core.configs import ModelConfigBase

router = Router(include_in_schema=False, dependencies=[MANAGERS])
ROUTES = Routes("model_reidentify", router)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the files gives.

    Attributes:
        change: What the record would say.
        reset: The same where also what somebody set is reset; None where nothing was.
        error: Why nothing can be said.
    """

    change: RecordChange | None = None
    reset: RecordChange | None = None
    error: Notice | None = None


@router.get("/models/{key:path}/reidentify")
def reidentify_page(request: Request, context: Context, key: InPath) -> Response:
    """Show what the rules say, and what would change."""
    record = model_below(request, context, key, "/reidentify")
    found = _identified(context.manager, record)
    rules = found.rules if found is not None else ()
    return page(
        request,
        "model_reidentify.html",
        title=f"Identify {record.name}",
        section="library",
        at=ModelAddress.asked(request, record.key),
        model=record,
        look=_look(context.manager, record),
        found=found,
        kind=kind_label(found.found.type, found.found.base, found.found.variant or "")
        if found is not None and found.found is not None
        else "",
        fitting=[_rule(rule) for rule in rules if rule.holds],
        rivals=[_rule(rule) for rule in nearest([rule for rule in rules if not rule.holds])],
        by_hand=sorted(map(word_of, set_by_hand(record))),
        equivalent=equivalent.of_reidentify(record.key),
    )


@router.post("/models/{key:path}/reidentify")
async def reidentify_model(request: Request, context: Context, key: InPath) -> Response:
    """Identify a model again and change its record."""
    form = await read_form(request)
    address = ModelAddress.asked(request, key)

    def act() -> Notice:
        done = models.reidentify(context.manager, key, reset="reset" in form)
        words = ", ".join(done.changed()).replace("_", " ")
        return Notice(f"Identified again: {words or 'nothing'} changed")

    return await acted(request, context, act, address(), otherwise=address("/reidentify"))


def _identified(manager: ModelManager, record: ModelConfigBase) -> IdentifyResult | None:
    """Return what the rules say of the files of a model; None where it lies in no known root."""
    try:
        path = manager.path_of(record)
    except ModelKeepError:
        return None
    return identify(manager, LocalModelSource(path=path_to_text(path)), explain=True)


def _look(manager: ModelManager, record: ModelConfigBase) -> _Look:
    try:
        change = models.reidentify(manager, record.key, is_dry=True)
        reset = None
        if change.kept:
            reset = models.reidentify(manager, record.key, is_dry=True, reset=True)
    except ModelKeepError as error:
        return _Look(error=told_by(error))
    return _Look(change, reset)


def _rule(assessed: Any) -> dict[str, Any]:
    """Return how near a rule came, for a template."""
    rule = assessed.rule
    return {
        "name": rule.name,
        "kind": kind_label(rule.type, rule.base),
        "held": [held.detail for held in assessed.held],
        "missing": list(assessed.missing),
    }

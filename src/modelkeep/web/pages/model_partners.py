"""``/models/{key}/partners``: the models that work together with one."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app.companions import groups
from modelkeep.core.taxonomy import type_label
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.keys import InPath
from modelkeep.web.model_pages import ModelAddress
from modelkeep.web.pages.model import model_below
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("model_partners", router)

#: Models that are shown of each type.
_SHOWN = 6


@router.get("/models/{key:path}/partners")
def partners_page(request: Request, context: Context, key: InPath) -> Response:
    """Show what works with a model, by type."""
    record = model_below(request, context, key, "/partners")
    found = groups(context.manager, record, _SHOWN)
    return page(
        request,
        "model_partners.html",
        title=f"What works with {record.name}",
        section="library",
        at=ModelAddress.asked(request, record.key),
        model=record,
        groups=found,
        labels={group.type: type_label(group.type) for group in found},
    )

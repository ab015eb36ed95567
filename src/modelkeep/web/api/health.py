"""``/healthz``: whether the server answers, and whether it is ready."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from modelkeep.web.context import Context
from modelkeep.web.neighbours import PROGRAM, library_id
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router()
ROUTES = Routes("health", router)


class ServerHealth(BaseModel):
    """How the server is.

    Attributes:
        status: ``ok`` or ``starting``.
        program: ``modelkeep``.
        library: Tells one library from another.
    """

    status: str
    program: str
    library: str


@router.get("/healthz", response_model=ServerHealth, responses={503: {"model": ServerHealth}})
async def health(context: Context, ready: str | None = None) -> Response:
    """Tell whether the server answers; with ``?ready``, whether recovery is done."""
    is_asked = ready is not None and not context.is_ready.is_set()
    told = {"program": PROGRAM, "library": library_id(context.settings.root)}
    if is_asked:
        return json_reply({"status": "starting", **told}, 503)
    return json_reply({"status": "ok", **told})

"""``/healthz``: whether the server answers, and whether it is ready."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.replies import json_reply
from modelkeep.web.routes import Routes

router = APIRouter()
ROUTES = Routes("health", router)


class ServerHealth(BaseModel):
    """How the server is: ``ok`` or ``starting``."""

    status: str


@router.get("/healthz", response_model=ServerHealth, responses=declared(503))
async def health(context: Context, ready: str | None = None) -> Response:
    """Tell whether the server answers; with ``?ready``, whether recovery is done."""
    if ready is not None and not context.is_ready.is_set():
        return json_reply({"status": "starting"}, 503)
    return json_reply({"status": "ok"})

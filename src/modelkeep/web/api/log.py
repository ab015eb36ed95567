"""``/api/v1/log``: what was changed over HTTP, and by whom."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel

from modelkeep.app.changes import changes
from modelkeep.web.context import Context
from modelkeep.web.replies import json_reply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("log", router)


class ChangeFacts(BaseModel):
    """A request that changed something, or was to."""

    id: int
    at: str
    who: str
    client: str
    action: str
    method: str
    path: str
    status: int
    request_id: str


class ChangeList(BaseModel):
    """Changes, the newest first; ``next`` is ``after`` of the next page."""

    items: list[ChangeFacts]
    next: int | None


@router.get("/log", response_model=ChangeList)
def list_changes(
    context: Context,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """List what was changed over HTTP, the newest first."""
    return json_reply(changes(context.manager, limit, after).to_json())

"""``/api/v1/events``: what happens, as it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Response

from modelkeep.web.context import Context
from modelkeep.web.errors import declared
from modelkeep.web.events.reply import EventReply
from modelkeep.web.router import Router
from modelkeep.web.routes import API, Routes

router = Router(prefix=API)
ROUTES = Routes("events", router)

_STREAM = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}


@router.get(
    "/events",
    response_class=Response,
    status_code=200,
    response_model=None,
    responses={200: _STREAM, **declared(429)},
)
async def events(
    context: Context,
    after: Annotated[str | None, Query(max_length=100)] = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Stream events as they happen, of the jobs of every process.

    ``event`` is the topic, ``data`` the specification's envelope ``{"event", "data"}``. After a
    break a client sends the ``id`` of its last event as ``Last-Event-ID`` and gets what it missed,
    or ``resync`` where that is not known any more: then it has to ask for everything anew. A new
    client that cannot send it, such as a page, sends it as ``after``.
    """
    return EventReply(context, last_event_id or after)

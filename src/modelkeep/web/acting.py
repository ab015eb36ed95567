"""``acted``: does what a form asks for, and leads to the page that tells what became of it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from modelkeep.app.outcomes import error_json
from modelkeep.errors import ModelKeepError
from modelkeep.web.context import WebContext
from modelkeep.web.frame import lead_to, told_by
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice


async def acted(
    request: Request,
    context: WebContext,
    action: Callable[[], Notice | None],
    then: str,
    otherwise: str = "",
) -> Response:
    """Return the answer of a form.

    Args:
        request: It came with the form.
        context: Of the server.
        action: What is done, in a thread; returns what is told.
        then: Path of the page that comes next.
        otherwise: Path of the page that tells why it failed; the same where empty.
    """
    try:
        notice = await run_in_threadpool(action)
    except ModelKeepError as error:
        notice = told_by(over_http(error_json(error)))
        return lead_to(request, context.notices, otherwise or then, notice)
    return lead_to(request, context.notices, then, notice)

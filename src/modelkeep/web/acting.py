"""``acted``: does what a form asks for, and leads to the page that tells what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Request, Response

from modelkeep.errors import ModelKeepError
from modelkeep.web.context import WebContext
from modelkeep.web.frame import lead_to, told_by
from modelkeep.web.notices import Notice


@dataclass(frozen=True, slots=True)
class Next:
    """The page that comes after an action, where only the action knows which that is.

    Attributes:
        path: With its query and without the prefix.
        notice: What it tells; nothing when None.
    """

    path: str
    notice: Notice | None = None


async def acted(
    request: Request,
    context: WebContext,
    action: Callable[[], Notice | Next | None],
    then: str,
    *,
    otherwise: str = "",
    limiter: CapacityLimiter | None = None,
) -> Response:
    """Return the answer of a form.

    Args:
        request: It came with the form.
        context: Of the server.
        action: What is done, in a thread; returns what is told.
        then: Path of the page that comes next.
        otherwise: Path of the page that tells why it failed; the same where empty.
        limiter: How many such actions run at a time; as many as there are threads when None.
    """
    try:
        done = await anyio.to_thread.run_sync(action, limiter=limiter)
    except ModelKeepError as error:
        done = Next(otherwise or then, told_by(error))
    if not isinstance(done, Next):
        done = Next(then, done)
    return lead_to(request, context.notices, done.path, done.notice)

"""``MANAGERS``: pages that only show what changes something are for those who may change it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from modelkeep.web.context import shared_by
from modelkeep.web.guard.asked import caller_of


def managers_alone(request: Request) -> None:
    """Refuse a page to those who may only look, and to everybody on a server that only reads.

    Raises:
        HTTPException: 403.
    """
    caller = caller_of(request.scope)
    if caller is None or not caller.may_manage or shared_by(request).settings.read_only:
        raise HTTPException(HTTPStatus.FORBIDDEN)


#: Of a router or a route: ``dependencies=[MANAGERS]``.
MANAGERS = Depends(managers_alone)

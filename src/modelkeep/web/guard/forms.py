"""``read_form``: the fields of a form that a page of ours sent."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

from modelkeep.web.guard.sessions import is_own_form

_MOST_FIELDS = 1000


async def read_form(request: Request, *, is_login: bool = False) -> dict[str, str]:
    """Return the fields of a form, as ``read_fields``; the last of one name counts."""
    return dict(await read_fields(request, is_login=is_login))


async def read_fields(request: Request, *, is_login: bool = False) -> list[tuple[str, str]]:
    """Return the fields of a form in their order.

    Args:
        request: It carries what ``csrf_token`` gave its page in the field ``csrf``.
        is_login: It comes from somebody without a cookie; its origin has been checked.

    Raises:
        HTTPException: it is no form (400), or none of our pages sent it (403).
    """
    try:
        text = (await request.body()).decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from error
    if not is_login and not is_own_form(request.scope, dict(fields).get("csrf", "")):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return fields

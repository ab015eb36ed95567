"""Bodies of requests that are no JSON, read with a bound."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec
from fastapi import HTTPException, Request

_FIELDS = 10_000


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request.

    Raises:
        HTTPException: it has more bytes than the limit; 413.
    """
    too_large = HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > limit:
        raise too_large
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise too_large
    return bytes(body)


async def read_form(request: Request, limit: int) -> dict[str, list[str]]:
    """Return the fields of a form, or of a JSON object whose values are lists of texts.

    Raises:
        HTTPException: the body is too large or is neither; 413, 422.
    """
    body = await read_body(request, limit)
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return msgspec.json.decode(body, type=dict[str, list[str]])
        return parse_qs(body.decode(), max_num_fields=_FIELDS)
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY) from error

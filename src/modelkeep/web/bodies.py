"""Bodies of requests that are no JSON, read with a bound."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import HTTPException, Request


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

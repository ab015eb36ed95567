"""Answers that say which state of things they show: ``ETag``, 304 and ``If-Match``."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import Request, Response

from modelkeep.records.versions import record_version

_TAG = re.compile(r'(W/)?"([^"]*)"')
#: Content type of every answer about records.
JSON = "application/json"


def tagged_reply(request: Request, body: bytes, tag: str, status: int = HTTPStatus.OK) -> Response:
    """Return JSON with its ``ETag``, or 304 where who asks has it already.

    Args:
        request: Says what who asks has.
        body: The JSON.
        tag: As the header has it.
        status: Of HTTP.
    """
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if status == HTTPStatus.OK and has_already(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, status, headers=headers, media_type=JSON)


def has_already(request: Request, tag: str) -> bool:
    """Tell whether ``If-None-Match`` names this tag."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return False
    wanted = tag.removeprefix("W/").strip('"')
    return asked.strip() == "*" or any(found[2] == wanted for found in _TAG.finditer(asked))


def record_reply(request: Request, record: bytes, status: int = 200) -> Response:
    """Return one record, with an ``ETag`` that ``If-Match`` takes."""
    return tagged_reply(request, record, f'"{record_version(record)}"', status)


def versions_in(header: str | None) -> frozenset[str] | None:
    """Return the versions that ``If-Match`` names; None where any will do.

    A weak tag does not count: it is not said to name one state alone.
    """
    if header is None or header.strip() == "*":
        return None
    return frozenset(found[2] for found in _TAG.finditer(header) if not found[1])

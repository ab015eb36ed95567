"""Errors as pages, for those who look at the server in a browser."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from fastapi import Request, Response
from starlette.types import Scope

from modelkeep.web.errors import Handler
from modelkeep.web.frame import page
from modelkeep.web.guard.asked import ASKED, asked_of

#: How a page calls what happened, by status; others by their phrase.
_TITLES = {
    400: "This cannot be done",
    403: "Not allowed",
    404: "Not found",
    409: "This conflicts with what is there",
    422: "This cannot be done",
    500: "The server failed",
    503: "Not now",
}


def as_page(handler: Handler) -> Handler:
    """Return a handler of errors that gives browsers a page with what another one says as JSON."""

    async def answer(request: Request, error: Exception) -> Response:
        said = await handler(request, error)
        if not wants_page(request.scope):
            return said
        facts = msgspec.json.decode(said.body)["error"]
        return in_words(request, said.status_code, facts["message"], facts["hint"])

    return answer


def wants_page(scope: Scope) -> bool:
    """Tell whether a person sees the answer: programs do not ask for HTML."""
    if scope["type"] != "http" or ASKED not in scope:
        return False
    asked = asked_of(scope)
    return not asked.is_for_program and "text/html" in asked.headers.get("accept", "")


def in_words(request: Request, status: int, message: str, hint: str) -> Response:
    """Return a page that tells of an error.

    Args:
        request: What failed.
        status: Of HTTP.
        message: What happened.
        hint: What to do next.
    """
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    return page(request, "error.html", title=title, status=status, message=message, hint=hint)

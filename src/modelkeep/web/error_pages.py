"""Errors as pages, for those who look at the server in a browser."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
from fastapi import Request, Response
from starlette.types import Scope

from modelkeep.web.errors import Handler
from modelkeep.web.frame import page
from modelkeep.web.guard.addresses import inside
from modelkeep.web.guard.asked import ASKED, asked_of

#: How a page calls what happened, by status; others by their phrase.
_TITLES = {
    400: "This cannot be done",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    405: "This cannot be done",
    409: "This conflicts with what is there",
    412: "Somebody else changed it meanwhile",
    413: "This is too large",
    422: "This cannot be done",
    424: "The site failed",
    429: "Too much at once",
    500: "The server failed",
    502: "The site failed",
    503: "Not now",
    507: "Not enough room",
}
#: What people read in place of what programs do, by code and whether something was sent.
_WORDS = {
    ("NotFound", False): (
        "There is no page at this address",
        "It is mistyped, or what was here is gone.",
    ),
    ("NotFound", True): ("There is nothing at this address any more", "Reload the page before."),
    ("UnknownModelException", False): (
        "There is no such model in the library",
        "It was removed, or the address is mistyped. The trash is on the page Storage.",
    ),
    ("UnknownModelException", True): (
        "This model is not in the library any more, so nothing was changed",
        "Removed models are in the trash, on the page Storage.",
    ),
    ("MethodNotAllowed", False): ("This address takes only forms", "Go to the library."),
    ("Forbidden", False): (
        "This page is for those who may change everything",
        "Log out, and log in with a token that may.",
    ),
    ("Forbidden", True): (
        "This form is too old, or was not sent by a page of this server",
        "Reload the page before, and send it once more.",
    ),
    ("ReadOnlyToken", True): (
        "Your token may look, and may not change anything",
        "Log out, and log in with a token that may.",
    ),
    ("ForeignOrigin", True): (
        "This form was sent by a page of another server",
        "Nothing was changed. Open the page here.",
    ),
    ("Unauthorized", True): (
        "You are logged out, so nothing was changed",
        "Log in, and send the form once more.",
    ),
    ("InternalError", False): (
        "Something went wrong in the server",
        "Try it again. If it stays so, the log of the server says more.",
    ),
}
#: What may be different when the same is asked for once more.
_PASSING = frozenset({429, 500, 502, 503})


def as_page(handler: Handler) -> Handler:
    """Return a handler of errors that gives browsers a page with what another one says as JSON."""

    async def answer(request: Request, error: Exception) -> Response:
        said = await handler(request, error)
        if not wants_page(request.scope):
            return said
        facts = msgspec.json.decode(said.body)["error"]
        reply = in_words(request, said.status_code, facts["code"], facts["message"], facts["hint"])
        for name in ("Retry-After", "WWW-Authenticate", "Allow"):
            if name in said.headers:
                reply.headers[name] = said.headers[name]
        return reply

    return answer


def wants_page(scope: Scope) -> bool:
    """Tell whether a person sees the answer: programs do not ask for HTML."""
    if scope["type"] != "http" or ASKED not in scope:
        return False
    asked = asked_of(scope)
    return not asked.is_for_program and "text/html" in asked.headers.get("accept", "")


def in_words(request: Request, status: int, code: str, message: str, hint: str) -> Response:
    """Return a page that tells of an error, and leads on.

    Args:
        request: What failed.
        status: Of HTTP.
        code: Names the error; some have other words for people than for programs.
        message: What happened.
        hint: What to do next.
    """
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    asked = asked_of(request.scope)
    message, hint = _WORDS.get((code, asked.changes), (message, hint))
    back = _page_before(request)
    return page(
        request,
        "error.html",
        title=title,
        status=status,
        message=message,
        hint=hint,
        back=back if back != asked.path else "",
        must_log_in=status == HTTPStatus.UNAUTHORIZED,
        may_be_removed=code == "UnknownModelException",
        again=status in _PASSING and not asked.changes,
    )


def _page_before(request: Request) -> str:
    """Return path and query of the page of ours that led here; empty where none did."""
    asked = asked_of(request.scope)
    there = urlsplit(asked.headers.get("referer", ""))
    if there.netloc != asked.headers.get("host") or not there.path.startswith(asked.prefix):
        return ""
    path = there.path.removeprefix(asked.prefix) + (f"?{there.query}" if there.query else "")
    return "" if path.startswith("/login") else inside(path)

"""The kinds of bodies that change something: only those that pages of others cannot send."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.web.guard.asked import Asked, asked_of
from modelkeep.web.guard.refusals import Refusal, refuse

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
#: One piece of an upload (tus 1.0).
PIECE = "application/offset+octet-stream"
PICTURE = "image/"
#: A form with a file.
FILE_FORM = "multipart/form-data"


class ContentTypeCheck:
    """Refuses bodies of other kinds; what has no body needs no kind.

    Args:
        app: What comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what changes nothing, has no body or has one of a kind that is taken."""
        if scope["type"] == "http":
            asked = asked_of(scope)
            if asked.changes and _has_body(asked) and not _is_taken(asked):
                await refuse(scope, receive, send, _REFUSAL)
                return
        await self._app(scope, receive, send)


def content_type_of(asked: Asked) -> str:
    """Return the kind of a body in small letters, without its parameters."""
    return asked.headers.get("content-type", "").partition(";")[0].strip().lower()


def _has_body(asked: Asked) -> bool:
    said = asked.headers
    return "transfer-encoding" in said or said.get("content-length", "0") != "0"


def _is_taken(asked: Asked) -> bool:
    kind = content_type_of(asked)
    if asked.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return False
    if asked.section == "api":
        return kind in {_JSON, PIECE} or kind.startswith(PICTURE)
    return kind in {_JSON, _FORM} or is_file_form(asked)


def is_file_form(asked: Asked) -> bool:
    """Tell whether a request is a form with a file, for the one page that takes any."""
    is_picture = asked.section == "models" and asked.path.rstrip("/").endswith("/picture")
    return is_picture and content_type_of(asked) == FILE_FORM


_REFUSAL = Refusal(
    415,
    "UnsupportedMediaType",
    "The body of the request is of a kind that is not taken here",
    "Send JSON with Content-Type: application/json, without a Content-Encoding.",
)

"""How large a body may be, also where nothing says so beforehand."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelkeep.core.limits import REQUEST_BYTES, UPLOAD_PIECE_BYTES
from modelkeep.core.names import size_text
from modelkeep.web.guard.asked import Asked, asked_of
from modelkeep.web.guard.content_types import PICTURE, PIECE, content_type_of, is_file_form
from modelkeep.web.guard.refusals import Refusal, refuse


class BodyLimit:
    """Stops reading where a body gets too large.

    Args:
        app: What comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through whose body is not longer than its kind may be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = asked_of(scope)
        limit = _limit_of(asked)
        said = asked.headers.get("content-length", "")
        if said.isascii() and said.isdigit():
            if int(said[:20]) > limit:
                await refuse(scope, receive, send, _refusal(limit))
            else:
                await self._app(scope, receive, send)
            return
        if "transfer-encoding" not in asked.headers:
            await self._app(scope, receive, send)
            return
        counted = _Counted(scope, receive, send, limit)
        await self._app(scope, counted.receive, counted.send)


class _Counted:
    """A request whose body is counted while it comes.

    Past the limit its reader gets an error, and whatever it makes of that is replaced.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._limit, self._taken = limit, 0
        self._is_over = self._is_answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > self._limit:
                self._is_over = True
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    async def send(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if self._is_over and is_start:
            await refuse(self._scope, self._receive, self._send, _refusal(self._limit))
        elif not self._is_over or self._is_answered:
            self._is_answered = self._is_answered or is_start
            await self._send(message)


def _limit_of(asked: Asked) -> int:
    kind = content_type_of(asked)
    is_upload = asked.section == "api" and (kind == PIECE or kind.startswith(PICTURE))
    return UPLOAD_PIECE_BYTES if is_upload or is_file_form(asked) else REQUEST_BYTES


def _refusal(limit: int) -> Refusal:
    return Refusal(
        413,
        "ContentTooLarge",
        f"The body of the request is larger than {size_text(limit)}",
        "Send less at once; files come in pieces through /api/v1/uploads.",
    )

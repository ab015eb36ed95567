"""``refuse``: the answer of a check that lets nobody through, in the shape of all errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.types import Receive, Scope, Send

from modelkeep.web.error_pages import in_words, wants_page
from modelkeep.web.errors import error_body
from modelkeep.web.replies import json_reply


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: Of HTTP.
        code: One word for programs.
        message: What is wrong.
        hint: What to do next.
        headers: More headers of the answer.
    """

    status: int
    code: str
    message: str
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


async def refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    """Answer a request with why it is refused."""
    if wants_page(scope):
        reply = in_words(
            Request(scope), refusal.status, refusal.code, refusal.message, refusal.hint
        )
        reply.headers.update(refusal.headers)
    else:
        body = error_body(refusal.code, refusal.message, refusal.hint)
        reply = json_reply(body, refusal.status, headers=refusal.headers)
    await reply(scope, receive, send)

"""The log of changes: who asked for what, when, and with which result."""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelkeep.app.changes import change_log
from modelkeep.app.manager import ModelManager
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.change_log import WrittenChange
from modelkeep.web.guard.asked import asked_of, caller_of

_log = logging.getLogger(__name__)

_ACTION = "modelkeep.action"


class ChangeNotes:
    """Notes every request that may change something, before it is answered.

    Those who log in and out are noted too, but not those who fail to: they are in the other log,
    and would push out what was changed. A route may add what it changed by other means.

    Args:
        app: What comes behind.
        manager: Has the log.
    """

    def __init__(self, app: ASGIApp, manager: ModelManager) -> None:
        self._app = app
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and note its result."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_a_change(scope):
                await run_in_threadpool(self._note, _change(scope, message["status"]))
            await send(message)

        await self._app(scope, receive, noted)

    def _note(self, change: WrittenChange) -> None:
        try:
            change_log(self._manager).add(change)
        except ModelKeepError as error:  # what was done is done, and its answer is worth more
            _log.warning("%s %s is not in the log: %s", change.method, change.path, error)


def note_change(scope: Scope, action: str) -> None:
    """Have a request be noted that changes something although its method does not say so.

    Args:
        scope: Of the request.
        action: What it does, as one word.
    """
    scope[_ACTION] = action


def _is_a_change(scope: Scope) -> bool:
    """Tell whether a request is noted that is being answered; a login has its caller by now."""
    return caller_of(scope) is not None and (asked_of(scope).changes or _ACTION in scope)


def _change(scope: Scope, status: int) -> WrittenChange:
    asked, caller = asked_of(scope), caller_of(scope)
    return WrittenChange(
        who=caller.name if caller else "",
        client=asked.client,
        action=str(scope.get(_ACTION) or getattr(scope.get("endpoint"), "__name__", "")),
        method=asked.method,
        path=asked.path,
        status=status,
        request=asked.id,
    )

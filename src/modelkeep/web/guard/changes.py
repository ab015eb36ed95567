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


class ChangeNotes:
    """Notes every request to the API that may change something, before it is answered.

    Args:
        app: What comes behind.
        manager: Has the log.
    """

    def __init__(self, app: ASGIApp, manager: ModelManager) -> None:
        self._app = app
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and note its result."""
        if scope["type"] != "http" or not asked_of(scope).changes or caller_of(scope) is None:
            await self._app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                await run_in_threadpool(self._note, _change(scope, message["status"]))
            await send(message)

        await self._app(scope, receive, noted)

    def _note(self, change: WrittenChange) -> None:
        try:
            change_log(self._manager).add(change)
        except ModelKeepError as error:  # what was done is done, and its answer is worth more
            _log.warning("%s %s is not in the log: %s", change.method, change.path, error)


def _change(scope: Scope, status: int) -> WrittenChange:
    asked, caller = asked_of(scope), caller_of(scope)
    return WrittenChange(
        who=caller.name if caller else "",
        client=asked.client,
        action=getattr(scope.get("endpoint"), "__name__", ""),
        method=asked.method,
        path=asked.path,
        status=status,
        request=asked.id,
    )

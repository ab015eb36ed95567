"""What a token may do: ``read`` looks, ``manage`` does everything; some servers change nothing."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.web.guard.asked import Asked, asked_of, caller_of
from modelkeep.web.guard.refusals import Refusal, refuse

#: Anyone who is logged in may log out, whatever a token may do.
_OF_SESSIONS = frozenset({"login", "logout"})


class RightsCheck:
    """Refuses changes to those who may only read, and to everybody on a server that only reads.

    Args:
        app: What comes behind.
        read_only: The server changes nothing.
    """

    def __init__(self, app: ASGIApp, *, read_only: bool) -> None:
        self._app = app
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let reading through, and changes of those who may."""
        if scope["type"] == "http":
            asked = asked_of(scope)
            if asked.changes and asked.section not in _OF_SESSIONS:
                refusal = self._judge(scope, asked)
                if refusal is not None:
                    await refuse(scope, receive, send, refusal)
                    return
        await self._app(scope, receive, send)

    def _judge(self, scope: Scope, asked: Asked) -> Refusal | None:
        if self._read_only:
            return _READ_ONLY
        caller = caller_of(scope)
        if caller is None or caller.may_manage:
            return None
        return Refusal(
            403,
            "ReadOnlyToken",
            f"The token {caller.name} may only read, not {asked.method}",
            "Use a token with the scope manage.",
        )


_READ_ONLY = Refusal(
    403,
    "ReadOnlyServer",
    "This server is read-only",
    "Use the command line, or a server without --read-only.",
)

"""Event streams end when the token that they were opened with is not accepted any more."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.guard.asked import caller_of

#: Seconds between two looks at the tokens, for each stream.
_PAUSE = 1.0


class StreamEnd:
    """Ends streams of events whose token was removed or has expired.

    Args:
        app: What comes behind.
        tokens: Those that are accepted.
    """

    def __init__(self, app: ASGIApp, tokens: ServerTokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an answer through, and a stream as long as its token is accepted."""
        caller = caller_of(scope) if scope["type"] == "http" else None
        if caller is None:
            await self._app(scope, receive, send)
            return
        is_stream, is_over, looked = False, False, time.monotonic()

        async def watched(message: Message) -> None:
            nonlocal is_stream, is_over, looked
            if is_over:
                return
            if message["type"] == "http.response.start":
                is_stream = _is_stream(message)
            elif is_stream and time.monotonic() - looked >= _PAUSE:
                looked = time.monotonic()
                if not self._tokens.holds(caller.name, caller.digest):
                    # Its writer is told that the listener has gone, as the answer is complete.
                    is_over = True
                    message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, receive, watched)


def _is_stream(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )

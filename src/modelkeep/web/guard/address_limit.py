"""How long an address may be: nothing here needs one of many kilobytes."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.core.limits import REQUEST_ADDRESS_BYTES
from modelkeep.web.guard.refusals import Refusal, refuse


class AddressLimit:
    """Refuses requests with endless addresses before anything is made of them.

    Args:
        app: What comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through whose path and query are short enough."""
        if scope["type"] == "http":
            size = len(scope["path"]) + len(scope["query_string"])
            if size > REQUEST_ADDRESS_BYTES:
                await refuse(scope, receive, send, _REFUSAL)
                return
        await self._app(scope, receive, send)


_REFUSAL = Refusal(
    414,
    "AddressTooLong",
    f"The address of the request has more than {REQUEST_ADDRESS_BYTES:,} bytes",
    "Ask for less at once.",
)

"""``FreshRoots``: every request sees the roots that other processes have registered by then."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from modelkeep.web.context import WebContext


class FreshRoots:
    """Looks whether the settings file has changed, before the routes are asked.

    Args:
        app: The routes.
        context: Of the server; its ready answers hold paths.
    """

    def __init__(self, app: ASGIApp, context: WebContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and self._context.manager.refresh_roots():
            self._context.answers.forget()
        await self._app(scope, receive, send)

"""``StartingApp``: what answers from the first moment, until the routes are there."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from modelkeep.settings import Settings
from modelkeep.web.neighbours import PROGRAM, library_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class StartingApp:
    """Answers ``/healthz`` while the routes are imported; all other requests wait for them.

    So do requests whose ``Host`` is no plain name of this server: what becomes of those is the
    business of the checks.

    Args:
        settings: Of the root.
    """

    def __init__(self, settings: Settings) -> None:
        self._root = settings.root
        base = settings.base_path.strip("/")
        self._paths = frozenset(f"{b}/healthz{end}" for b in {"", f"/{base}"} for end in ("", "/"))
        self._names = frozenset(settings.allowed_hosts)
        self._app: ASGIApp | None = None
        self._is_there = asyncio.Event()
        self._waiting = 0
        self._has_caught_up = threading.Event()

    def take(self, app: ASGIApp) -> None:
        """Have an application answer from now on; only the event loop calls this."""
        self._app = app
        self._is_there.set()
        if not self._waiting:
            self._has_caught_up.set()

    def catch_up(self, seconds: float) -> bool:
        """Wait until the requests that waited for the routes are answered.

        Only other threads than that of the event loop wait.

        Args:
            seconds: The longest to wait: an answer may be a stream without an end.

        Returns:
            Whether they are.
        """
        return self._has_caught_up.wait(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or wait for what can."""
        app = self._app
        if app is None and self._may_answer(scope):
            await self._tell_health(scope, send)
            return
        if app is not None:
            await app(scope, receive, send)
            return
        self._waiting += 1
        try:
            await self._is_there.wait()
            if (app := self._app) is not None:
                await app(scope, receive, send)
        finally:
            self._waiting -= 1
            if not self._waiting and self._app is not None:
                self._has_caught_up.set()

    def _may_answer(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in self._paths:
            return False
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        port = (scope.get("server") or ("", 0))[1]
        ours = {f"{name}:{port}" for name in _LOCAL}
        return host.decode("latin-1").lower() in ours | self._names

    async def _tell_health(self, scope: Scope, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        is_asked = "ready" in query
        told = {
            "status": "starting" if is_asked else "ok",
            "program": PROGRAM,
            "library": library_id(self._root),
        }
        status = 503 if is_asked else 200
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": msgspec.json.encode(told)})

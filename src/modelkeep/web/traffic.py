"""``Traffic``: counts requests by route and status, and writes the lines of the access log."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelkeep.web.guard.asked import ASKED
from modelkeep.web.logs import REQUEST_ID

_log = logging.getLogger("modelkeep.web.access")

#: What a request may call its method; others are counted as one.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SEEN = "modelkeep.seen"


@dataclass(slots=True)
class _Answer:
    """What the routes know of a request: they may get a copy of its scope.

    Attributes:
        route: Path of the route that answered, with its parameters' names; empty without one.
    """

    route: str = ""


@dataclass(slots=True, eq=False)
class Traffic:
    """The requests of one server; only its event loop writes.

    Attributes:
        requests: How many there were, by method, route and status.
        seconds: How long they took, by route.
        running: How many are being answered.
    """

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    running: int = 0

    def noting_routes(self, app: ASGIApp) -> ASGIApp:
        """Return the routes, which note which of them answered."""

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            asked = scope.get(ASKED)
            token = REQUEST_ID.set(asked.id if asked else "")
            try:
                await app(scope, receive, send)
            finally:
                REQUEST_ID.reset(token)
                if (seen := scope.get(_SEEN)) is not None:
                    route = scope.get("route")
                    seen.route = getattr(route, "path", "").rstrip("/") or "/" * bool(route)

        return noted

    def counting(self, app: ASGIApp) -> ASGIApp:
        """Return the whole application, whose requests are counted, refused ones too."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status = 0

            async def sending(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            scope[_SEEN] = seen = _Answer()
            began = time.perf_counter()
            self.running += 1
            try:
                await app(scope, receive, sending)
            finally:
                self.running -= 1
                self._count(scope, seen, status, time.perf_counter() - began)

        return counted

    def _count(self, scope: Scope, seen: _Answer, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.requests[method, seen.route, status] += 1
        self.seconds[seen.route] += seconds
        if _log.isEnabledFor(logging.INFO):
            _tell(scope, status, seconds)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """Write a line of the access log; queries may hold secrets and are left out."""
    asked = scope.get(ASKED)
    peer = (scope.get("client") or ("-",))[0]
    token = REQUEST_ID.set(asked.id if asked else "")
    try:
        _log.info(
            "%s %s %s %s %.1f ms",
            asked.client if asked else peer,
            scope["method"],
            scope["path"],
            status,
            1000 * seconds,
        )
    finally:
        REQUEST_ID.reset(token)

"""``Routes``: how groups of routes are found, and in which order they are tried."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from modelkeep.core.plugins import PluginKind
from modelkeep.web.errors import declared
from modelkeep.web.router import LateRoute, NotedRoute, Router

#: Every path of the API begins so.
API = "/api/v1"


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """A group of routes.

    Attributes:
        name: One word, which the list of routes puts them under.
        router: Has noted the routes, with their whole paths.
        is_busy: It is asked for so often that its routes are tried before all others.
    """

    name: str
    router: Router
    is_busy: bool = False


class DirectRoute(APIRoute):
    """A route whose handler takes nothing but the request, so that it can simply be called.

    FastAPI prepares every call as if it depended on others; that takes longer than many answers.
    """

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = self._answer

    @staticmethod
    def fits(noted: NotedRoute) -> bool:
        """Tell whether a route can be one."""
        taken = list(inspect.signature(noted.endpoint).parameters)
        is_plain = taken == ["request"] and not noted.dependencies
        return is_plain and inspect.iscoroutinefunction(noted.endpoint)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self.endpoint(Request(scope, receive, send))
        await reply(scope, receive, send)


#: Those of this package and of installed packages that name theirs in the group.
ROUTES: PluginKind[Routes] = PluginKind(
    "group of routes", Routes, "ROUTES", package="modelkeep.web.api", group="modelkeep.routes"
)
#: Pages: the same, but none of them is in the description of the API.
PAGES: PluginKind[Routes] = PluginKind(
    "page", Routes, "ROUTES", package="modelkeep.web.pages", group="modelkeep.pages"
)


def add_routes(app: FastAPI, folders: Iterable[Path] = ()) -> None:
    """Give an application all routes.

    Each answers with and without a final slash, without a redirect, which would lose a sub-path
    that a proxy has taken off. Keys of models may hold slashes, so routes that end in one come
    after all others; those with a path behind a key, which could be anything, come first.

    Args:
        app: To add them to.
        folders: Folders whose ``*.py`` files are groups of routes or pages too.
    """
    groups = (*ROUTES.load(*folders), *PAGES.load())
    found = [(group, noted) for group in groups for noted in group.router.noted]
    found.sort(key=lambda pair: (not pair[0].is_busy, _rank(pair[1].path)))
    for group, noted in found:
        app.router.routes.extend(_late(app, noted, group.name))


def made_routes(app: FastAPI) -> list[APIRoute]:
    """Return the routes that the description of an application lists."""
    late = [route for route in app.routes if isinstance(route, LateRoute) and route.is_listed]
    return [route.made for route in late]


def _late(app: FastAPI, noted: NotedRoute, name: str) -> Iterator[LateRoute]:
    """Give a route, and the same at the other form of its path, which the description lacks."""
    first = LateRoute(noted, noted.path, lambda: _made(app, noted, name))
    yield first
    if not _takes_all(noted.path) and noted.path != "/":
        yield LateRoute(noted, _other_form(noted.path), lambda: first.made)


def _made(app: FastAPI, noted: NotedRoute, name: str) -> APIRoute:
    kind = DirectRoute if DirectRoute.fits(noted) else APIRoute
    declared_for = {**_refusals(noted), **(noted.options["responses"] or {})}
    return kind(
        noted.path,
        noted.endpoint,
        methods=set(noted.methods),
        dependencies=noted.dependencies,
        include_in_schema=noted.is_listed,
        dependency_overrides_provider=app,
        **{
            **noted.options,
            "operation_id": noted.options["operation_id"] or noted.endpoint.__name__,
            "responses": declared_for if noted.is_listed else None,
            "response_model": noted.options["response_model"] if noted.is_listed else None,
            "tags": [name],
        },
    )


def _refusals(noted: NotedRoute) -> dict[int | str, dict[str, Any]]:
    """Return the answers of the checks, which every route may give."""
    changes = not noted.methods <= {"GET", "HEAD", "OPTIONS"}
    return declared(*([400, 415] if changes else []), 401, 403, 413, 414, 421, 429)


def _other_form(path: str) -> str:
    return path[:-1] if path.endswith("/") else f"{path}/"


def _rank(path: str) -> int:
    """Return when a route is tried: 0 first."""
    return (0 if ":path}/" in path else 2) if _takes_all(path) else 1


def _takes_all(path: str) -> bool:
    return path.endswith(":path}")

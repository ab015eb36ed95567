"""``Routes``: how groups of routes are found, and in which order they are tried."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from modelkeep.core.plugins import PluginKind
from modelkeep.web.errors import declared

#: Every path of the API begins so.
API = "/api/v1"


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """A group of routes.

    Attributes:
        name: One word, which the list of routes puts them under.
        router: Has the routes, with their whole paths.
        is_busy: It is asked for so often that its routes are tried before all others.
    """

    name: str
    router: APIRouter
    is_busy: bool = False


class DirectRoute(APIRoute):
    """A route whose handler takes nothing but the request, so that it can simply be called.

    FastAPI prepares every call as if it depended on others; that takes longer than many answers.
    """

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = self._answer

    @staticmethod
    def fits(route: APIRoute) -> bool:
        """Tell whether a route can be one."""
        taken = list(inspect.signature(route.endpoint).parameters)
        is_plain = taken == ["request"] and not route.dependencies
        return is_plain and inspect.iscoroutinefunction(route.endpoint)

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
    found = [
        (group, route)
        for group in (*ROUTES.load(*folders), *PAGES.load())
        for route in group.router.routes
        if isinstance(route, APIRoute)
    ]
    found.sort(key=lambda pair: (not pair[0].is_busy, _rank(pair[1].path)))
    for group, route in found:
        made = _made(app, route, group.name)
        app.router.routes.append(made)
        if not _takes_all(route.path) and route.path != "/":
            app.router.routes.append(_at(made, _other_form(route.path)))


def _made(app: FastAPI, route: APIRoute, name: str) -> APIRoute:
    """Return a route of a group as the application has it.

    What is not in the description stays as its group made it: making a route again takes longer
    than answering by it.
    """
    is_listed, kind = route.include_in_schema, DirectRoute if DirectRoute.fits(route) else APIRoute
    if not is_listed and kind is APIRoute:
        return copy(route)
    return kind(
        route.path,
        route.endpoint,
        response_model=route.response_model if is_listed else None,
        status_code=route.status_code,
        tags=[name],
        dependencies=route.dependencies,
        summary=route.summary,
        description=route.description,
        response_description=route.response_description,
        responses={**_refusals(route), **route.responses} if is_listed else None,
        methods=route.methods,
        operation_id=route.operation_id or route.name,
        include_in_schema=is_listed,
        response_class=route.response_class,
        name=route.name,
        openapi_extra=route.openapi_extra,
        dependency_overrides_provider=app,
    )


def _at(route: APIRoute, path: str) -> APIRoute:
    """Return the same route at another path, which the description does not list."""
    other = copy(route)
    other.path, other.include_in_schema = path, False
    other.path_regex, other.path_format, other.param_convertors = compile_path(path)
    return other


def _refusals(route: APIRoute) -> dict[int | str, dict[str, Any]]:
    """Return the answers of the checks, which every route may give."""
    changes = not (route.methods or set()) <= {"GET", "HEAD", "OPTIONS"}
    return declared(*([400, 415] if changes else []), 401, 403, 413, 414, 421, 429)


def _other_form(path: str) -> str:
    return path[:-1] if path.endswith("/") else f"{path}/"


def _rank(path: str) -> int:
    """Return when a route is tried: 0 first."""
    return (0 if ":path}/" in path else 2) if _takes_all(path) else 1


def _takes_all(path: str) -> bool:
    return path.endswith(":path}")

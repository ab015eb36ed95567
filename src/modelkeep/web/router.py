"""``Router``: notes routes, and FastAPI makes each when it is first asked for.

Making one takes a millisecond or two, which adds up for hundreds at every start; hardly anybody
asks for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True, eq=False)
class NotedRoute:
    """A route as its group declares it.

    Attributes:
        path: The whole path.
        endpoint: Answers.
        methods: Of HTTP.
        is_listed: The description of the API has it.
        dependencies: What has to be fulfilled before it answers.
        options: What else FastAPI is told.
    """

    path: str
    endpoint: Callable[..., Any]
    methods: frozenset[str]
    is_listed: bool
    dependencies: Sequence[Depends]
    options: Mapping[str, Any]


class Router(APIRouter):
    """Notes routes.

    Args:
        prefix: Every path begins so.
        dependencies: What has to be fulfilled before any of them answers.
        include_in_schema: The description of the API has them.
    """

    def __init__(
        self,
        prefix: str = "",
        dependencies: Sequence[Depends] = (),
        *,
        include_in_schema: bool = True,
    ) -> None:
        super().__init__()
        self._prefix, self._common, self._is_listed = prefix, dependencies, include_in_schema
        self.noted: list[NotedRoute] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Note a route; the decorators of FastAPI call this."""
        methods = frozenset(options.pop("methods"))
        is_listed = options.pop("include_in_schema") and self._is_listed
        dependencies = [*self._common, *(options.pop("dependencies") or ())]
        self.noted.append(
            NotedRoute(self._prefix + path, endpoint, methods, is_listed, dependencies, options)
        )


class LateRoute(Route):
    """A route that is made when it is first asked for.

    Args:
        noted: What was declared.
        path: Where it answers.
        make: Makes it.

    Attributes:
        is_listed: The description of the API has it, at this path.
    """

    def __init__(self, noted: NotedRoute, path: str, make: Callable[[], APIRoute]) -> None:
        super().__init__(path, noted.endpoint, include_in_schema=False)
        self.is_listed = noted.is_listed and path == noted.path
        self.methods = set(noted.methods)  # without the HEAD that Starlette adds
        self.app = self._answer
        self._make = make

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for this, and leave this in its scope."""
        match, found = super().matches(scope)
        if match is not Match.NONE:
            found["route"] = self
        return match, found

    @cached_property
    def made(self) -> APIRoute:
        """The route."""
        return self._make()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.made.app(scope, receive, send)

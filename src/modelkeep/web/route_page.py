"""``listed_routes``: all routes, as a page shows them to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ListedParameter:
    """A parameter of a route.

    Attributes:
        place: ``path``, ``query`` or ``header``.
        needed: ``yes`` or ``no``.
    """

    name: str
    place: str
    needed: str
    about: str


@dataclass(frozen=True, slots=True)
class ListedRoute:
    """A route, as the page shows it.

    Attributes:
        id: Its operation id.
        statuses: What it may answer.
    """

    id: str
    method: str
    path: str
    about: str
    parameters: tuple[ListedParameter, ...]
    statuses: str


def listed_routes(described: Mapping[str, Any]) -> dict[str, list[ListedRoute]]:
    """Return the routes by their groups.

    Args:
        described: What OpenAPI says of the routes.
    """
    groups: dict[str, list[ListedRoute]] = {}
    for group, route in _routes(described["paths"]):
        groups.setdefault(group, []).append(route)
    return groups


def _routes(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ListedRoute]]:
    for path, methods in paths.items():
        for method, facts in methods.items():
            yield (
                facts["tags"][0],
                ListedRoute(
                    id=facts["operationId"],
                    method=method.upper(),
                    path=path,
                    about=facts.get("description", ""),
                    parameters=tuple(map(_parameter, facts.get("parameters", ()))),
                    statuses=", ".join(
                        f"{status} {answer['description']}"
                        for status, answer in facts["responses"].items()
                    ),
                ),
            )


def _parameter(facts: Mapping[str, Any]) -> ListedParameter:
    return ListedParameter(
        name=facts["name"],
        place=facts["in"],
        needed="yes" if facts.get("required") else "no",
        about=facts.get("description", ""),
    )

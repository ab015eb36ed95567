"""The page that lists all routes, for people: plain HTML, without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader

import modelkeep


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


def route_page(described: Mapping[str, Any], prefix: str) -> str:
    """Return the page.

    Args:
        described: What OpenAPI says of the routes.
        prefix: Under which the server is reached, without a final slash.
    """
    groups: dict[str, list[ListedRoute]] = {}
    for group, route in _routes(described["paths"]):
        groups.setdefault(group, []).append(route)
    loader = PackageLoader("modelkeep.web")
    template = Environment(loader=loader, autoescape=True, trim_blocks=True).get_template(
        "routes.html"
    )
    return template.render(version=modelkeep.__version__, prefix=prefix, groups=groups.items())


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

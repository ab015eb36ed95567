"""``/``: the models of the library, as cards or as a table, narrowed as the address says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from modelkeep.app import cards, library, views
from modelkeep.app.cards import CardPage
from modelkeep.app.choices import PARAMETERS, Choices, choices
from modelkeep.app.query import ModelQuery
from modelkeep.web.context import Context, WebContext
from modelkeep.web.frame import page
from modelkeep.web.list_address import ListAddress
from modelkeep.web.routes import Routes

router = APIRouter(include_in_schema=False)
ROUTES = Routes("library", router)

_FACETS = {parameter: name for name, parameter in PARAMETERS}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Something that narrows the list.

    Attributes:
        name: Of a facet, or the parameter of the address.
        value: As the address has it.
        label: What the program calls it.
        without: Address of the list without it.
        count: How many models that would have; None where nobody counted.
    """

    name: str
    value: str
    label: str
    without: str
    count: int | None = None


@router.get("/")
def library_page(request: Request, context: Context) -> Response:
    """Show the models that are asked for."""
    address = ListAddress.read(request.scope["query_string"].decode("utf-8", "replace"))
    manager, query = context.manager, address.query
    if address.since is not None:
        count = cards.newer(manager, query.where, address.since)
        return page(
            request, "news.html", title="Library", section="library",
            address=address, new=count, since=address.since,
        )  # fmt: skip
    found = cards.card_page(manager, query)
    counted, total = _counted(context, query)
    return page(
        request,
        "library.html",
        title="Library",
        section="library",
        address=address,
        found=found,
        counted=counted,
        total=total,
        chosen=_chosen(context, address, found),
        views=views.views(manager),
        list_query=quote(address.query_string, safe=""),
        since=cards.newest(manager),
        new=0,
    )


def _counted(context: WebContext, query: ModelQuery) -> tuple[Choices, int | None]:
    """Return what lists can be narrowed to and how many models a query has, None for unknown.

    Both are counted once for each state of the catalogue.
    """
    manager, answers, where = context.manager, context.answers, query.where
    state = manager.records.change_counter()

    def ready(place: str, count: Callable[[], bytes]) -> bytes:
        kept = answers.get(place.encode(), state)
        if kept is None:
            kept = count()
            answers.put(place.encode(), state, kept)
        return kept

    counted = Choices.read(ready("choices", lambda: choices(manager).to_json()))
    if query.is_everything:
        return counted, counted.total
    if query.partner:
        return counted, None
    place = f"total {ModelQuery(where).query_string()}"
    return counted, int(ready(place, lambda: b"%d" % manager.records.count(where)))


def _chosen(context: WebContext, address: ListAddress, found: CardPage) -> list[Chosen]:
    """Return what narrows the list; where nothing is left, how many models each of it hides."""
    made = []
    for name, value in address.chosen():
        facet = _FACETS.get(name)
        label = library.facet_label(facet, value) if facet else value
        count = None
        if not found.cards and not address.query.partner:
            count = context.manager.records.count(address.without(name, value).where)
        made.append(Chosen(facet or name, value, label, address.toggled(name, value), count))
    return made

"""``/``: the models of the library, as cards or as a table, narrowed as the address says."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request, Response

from modelkeep.app import cards, library, views
from modelkeep.app.cards import CardPage
from modelkeep.app.choices import PARAMETERS
from modelkeep.app.start import first_steps
from modelkeep.web.context import Context, WebContext
from modelkeep.web.counted import library_choices, total_of
from modelkeep.web.frame import page
from modelkeep.web.list_address import ListAddress
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
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
    found, counted = cards.card_page(manager, query), library_choices(context)
    return page(
        request,
        "library.html",
        title="Library",
        section="library",
        address=address,
        found=found,
        counted=counted,
        start=None if counted.total else first_steps(manager),
        total=total_of(context, query),
        chosen=_chosen(context, address, found),
        views=views.views(manager),
        list_query=quote(address.query_string, safe=""),
        since=cards.newest(manager),
        new=0,
    )


def _chosen(context: WebContext, address: ListAddress, found: CardPage) -> list[Chosen]:
    """Return what narrows the list; where nothing is left, how many models each of it hides."""
    made = []
    for name, value in address.chosen():
        facet = _FACETS.get(name)
        label = library.facet_label(facet, value) if facet else value
        if name == "for":
            label = context.manager.find(value).name
        count = None
        if not found.cards and not address.query.partner:
            count = context.manager.records.count(address.without(name, value).where)
        made.append(Chosen(facet or name, value, label, address.toggled(name, value), count))
    return made

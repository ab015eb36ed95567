"""Counts of the library for pages: made once for each state of the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from modelkeep.app.choices import Choices, choices
from modelkeep.app.query import ModelQuery
from modelkeep.web.context import WebContext


def library_choices(context: WebContext) -> Choices:
    """Return what lists can be narrowed to."""
    return Choices.read(_ready(context, "choices", lambda: choices(context.manager).to_json()))


def total_of(context: WebContext, query: ModelQuery) -> int | None:
    """Return how many models a query has on all its pages; None where that is not counted."""
    if query.partner:
        return None
    if query.is_everything:
        return library_choices(context).total
    where = query.where
    place = f"total {ModelQuery(where).query_string()}"
    return int(_ready(context, place, lambda: b"%d" % context.manager.records.count(where)))


def _ready(context: WebContext, place: str, count: Callable[[], bytes]) -> bytes:
    state = context.manager.records.change_counter()
    kept = context.answers.get(place.encode(), state)
    if kept is None:
        kept = count()
        context.answers.put(place.encode(), state, kept)
    return kept

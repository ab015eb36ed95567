"""``ListAddress``: the address of a list of models, and those that differ from it in one thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qsl, urlencode

from modelkeep.app.query import USUAL, ModelQuery, SearchRequest

#: Models of one page at most; behind them comes the next one.
MOST = 500
#: Parameters that are not of the query.
_OWN = frozenset({"view", "since", "notice"})
#: Parameters that say where in a list somebody is.
_PLACE = frozenset({"limit", "after"})
#: How the list is shown.
VIEWS = ("cards", "table")


@dataclass(frozen=True, slots=True)
class ListAddress:
    """The address of a list.

    Attributes:
        query: Which models it has.
        view: One of ``VIEWS``.
        since: New are models that were added after this moment; seconds since the epoch.
    """

    query: ModelQuery
    view: str = VIEWS[0]
    since: float | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a query string.

        Raises:
            UsageError: a parameter does not exist, or a value is none of those that exist.
        """
        given = parse_qsl(text, keep_blank_values=True)
        own = {name: value for name, value in given if name in _OWN}
        rest = urlencode([pair for pair in given if pair[0] not in _OWN])
        query = SearchRequest.read(rest).query
        if (query.limit or USUAL) > MOST:
            query = replace(query, limit=MOST)
        view = own.get("view", "")
        return cls(query, view if view in VIEWS else VIEWS[0], _moment(own.get("since", "")))

    @property
    def text(self) -> str:
        """The address itself, from ``/`` on."""
        return self._of(self._pairs())

    @property
    def query_string(self) -> str:
        """What follows the question mark."""
        return self.text[2:]

    @property
    def start(self) -> str:
        """The same list from its beginning."""
        return self._of(self._pairs(without=_PLACE))

    @property
    def everything(self) -> str:
        """The whole library, shown in the same way."""
        return self._of([("view", self.view)] if self.view != VIEWS[0] else [])

    @property
    def filter_string(self) -> str:
        """Which models it has, without their order, as the query string of an action on many."""
        return urlencode(
            [pair for pair in self.query.parameters() if pair[0] not in _PLACE | {"sort"}]
        )

    @property
    def view_string(self) -> str:
        """Which models it has and their order, as a saved view keeps it."""
        return urlencode([pair for pair in self.query.parameters() if pair[0] not in _PLACE])

    def chosen(self) -> list[tuple[str, str]]:
        """Return the parameters that narrow the list."""
        return [pair for pair in self.query.parameters() if pair[0] not in _PLACE | {"sort"}]

    def fields(self, *without: str) -> list[tuple[str, str]]:
        """Return what a form of this address carries besides its own fields."""
        return self._pairs(without=_PLACE | set(without))

    def has(self, name: str, value: str) -> bool:
        """Tell whether a value is chosen."""
        return (name, value) in self._pairs()

    def toggled(self, name: str, value: str) -> str:
        """Return the address with a value that is not chosen, or without one that is."""
        pairs, pair = self._pairs(without=_PLACE), (name, value)
        return self._of([p for p in pairs if p != pair] if pair in pairs else [*pairs, pair])

    def with_(self, name: str, value: str) -> str:
        """Return the address from its beginning with another value of a parameter; empty for none.

        Args:
            name: A parameter that is given once.
            value: What it is to be.
        """
        given = [(name, value)] if value else []
        return self._of([*self._pairs(without=_PLACE | {name}), *given])

    def more(self) -> str:
        """Return the address that shows 50 more; empty where one page has no more."""
        limit = self.query.limit or USUAL
        if limit >= MOST:
            return ""
        pairs = self._pairs(without={"limit"})
        return self._of([*pairs, ("limit", str(min(limit + USUAL, MOST)))])

    def next(self, after: str) -> str:
        """Return the address of what comes behind this page."""
        return self._of([*self._pairs(without=_PLACE), ("after", after)])

    def news(self, since: float) -> str:
        """Return the address that tells what is new since a moment."""
        return self._of([*self._pairs(without=_PLACE), ("since", repr(since))])

    def without(self, name: str, value: str) -> ModelQuery:
        """Return the query without one of its values."""
        pairs = [p for p in self.query.parameters() if p != (name, value) and p[0] not in _PLACE]
        return ModelQuery.from_parameters(pairs)

    def _pairs(self, without: Iterable[str] = ()) -> list[tuple[str, str]]:
        pairs = [pair for pair in self.query.parameters() if pair != ("limit", str(USUAL))]
        if self.view != VIEWS[0]:
            pairs.append(("view", self.view))
        gone = set(without)
        return [pair for pair in pairs if pair[0] not in gone]

    @staticmethod
    def _of(pairs: Iterable[tuple[str, str]]) -> str:
        query = urlencode(list(pairs))
        return f"/?{query}" if query else "/"


def _moment(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None

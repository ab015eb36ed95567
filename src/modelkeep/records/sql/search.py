"""``SqlSearch``: filtered, sorted, paged lists of the records in a SQLite database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import UsageError
from modelkeep.records.base_search import RecordSearch
from modelkeep.records.cursors import Cursor, read_cursor
from modelkeep.records.listing import FacetName, Facets, RecordFilter, RecordPage, SearchOrder
from modelkeep.records.sql import facets, paging, relevance
from modelkeep.records.sql.filters import Filter
from modelkeep.records.sql.part import SqlPart
from modelkeep.records.sql.rows import RECORD_COLUMNS
from modelkeep.records.sql.transactions import Row, Work

_ALL = -1
#: With fewer records than this, sorting them is cheaper than walking to them.
_FEW = 2000
#: With so many records of a page a cursor by relevance can do without the last.
_KEYS_BEFORE = 8


class SqlSearch(SqlPart, RecordSearch):
    """Filtered, sorted, paged lists of records, and counts of them."""

    def page(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> RecordPage:
        """Return the first records of a filtered and sorted set, or the next ones."""
        if limit < 1:
            raise UsageError(
                f"There is no page of {limit} models", hint="A page has at least 1 model."
            )
        chosen, sort = Filter(where), _sort_of(where, order)
        start = read_cursor(after, sort) if after is not None else None
        with self._transactions.reading() as work:
            found = _rows(work, chosen, sort, start, limit + 1)
        items = [self._reader.read(row[: len(RECORD_COLUMNS)], self.roots) for row in found[:limit]]
        has_more = len(found) > limit
        return RecordPage(items, _cursor_at(found[:limit], sort) if has_more else None)

    def search(
        self,
        *,
        text: str | None = None,
        types: Sequence[ModelType | str] = (),
        bases: Sequence[BaseModelType | str] = (),
        formats: Sequence[ModelFormat | str] = (),
        tags: Iterable[str] = (),
        order: SearchOrder = "name",
        limit: int | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit everything that is given."""
        where = RecordFilter(text or "", tuple(types), tuple(bases), tuple(formats), tuple(tags))
        chosen, sort = Filter(where), _sort_of(where, order)
        with self._transactions.reading() as work:
            most = _ALL if limit is None else max(limit, 0)
            found = _rows(work, chosen, sort, None, most)
        return [self._reader.read(row[: len(RECORD_COLUMNS)], self.roots) for row in found]

    def count(self, where: RecordFilter) -> int:
        """Return how many records are like that."""
        with self._transactions.reading() as work:
            return _count(work, Filter(where))

    def facets(
        self,
        where: RecordFilter,
        names: Iterable[FacetName] = ("type", "base", "format", "tag", "root", "state"),
    ) -> Facets:
        """Count the values that occur in a filtered set."""
        wanted = list(names)
        for name in wanted:
            if name not in get_args(FacetName):
                raise UsageError(
                    f"Records cannot be counted by {name!r}",
                    hint=f"Count by one of {', '.join(get_args(FacetName))}.",
                )
        with self._transactions.reading() as work:
            return facets.counted(work, where, wanted)


def _sort_of(where: RecordFilter, order: str) -> str:
    if order not in get_args(SearchOrder):
        raise UsageError(
            f"Records cannot be sorted by {order!r}",
            hint=f"Sort by one of {', '.join(get_args(SearchOrder))}.",
        )
    return "name" if order == "relevance" and not Filter(where).match else order


def _rows(work: Work, chosen: Filter, order: str, after: Cursor | None, limit: int) -> list[Row]:
    """Return rows of the record's columns, the order's value, sort_name and name."""
    if order == "relevance":
        return _rows_by_relevance(work, chosen, after, limit)
    hint = _hint_for(work, chosen, order, limit)
    found: list[Row] = []
    for part, values in paging.parts(order, after):
        shape = ("page", *chosen.shape, order, part, hint)
        asked = {**chosen.values, **values, "limit_": limit - len(found) if limit > 0 else limit}

        def make(part: str = part) -> Any:
            return paging.page_of(chosen, order, part, hint)

        found += work.ask(shape, make, asked)
        if len(found) == limit:
            break
    return found


def _hint_for(work: Work, chosen: Filter, order: str, limit: int) -> str:
    walk = paging.walk_of(chosen, order)
    if walk.is_exact:
        return walk.hint
    if limit == _ALL or _count(work, chosen, _FEW) < _FEW:
        return paging.gathering_hint(chosen)
    return walk.hint


def _count(work: Work, chosen: Filter, most: int | None = None) -> int:
    values = chosen.values if most is None else {**chosen.values, "most_": most}
    at_most = most is not None
    found = work.ask(
        ("count", *chosen.shape, at_most), lambda: paging.counted(chosen, at_most=at_most), values
    )
    return int(found[0][0])


def _rows_by_relevance(work: Work, chosen: Filter, after: Cursor | None, limit: int) -> list[Row]:
    values = {**chosen.values, "limit_": limit}
    if after is not None:
        values |= _place_now(work, chosen, after)
    is_first = after is None
    return work.ask(
        ("relevance", *chosen.shape, is_first),
        lambda: relevance.page_by_relevance(chosen, is_first=is_first),
        values,
    )


def _place_now(work: Work, chosen: Filter, after: Cursor) -> dict[str, Any]:
    """Return the place in the order where a page by relevance ended.

    Scores change with what else is in the catalogue. So the place is that of the page's last
    record that is still there, by the score that it has now.
    """
    for key in (after.key, *after.before):
        values = {"match_": chosen.match, "after_key_": key}
        for score, sort_name, name in work.ask("score", relevance.score_of_key, values):
            return {**values, "value_": score, "sort_name_": sort_name, "name_": name}
    place = {"sort_name_": after.sort_name, "name_": after.name, "after_key_": after.key}
    return {**place, "value_": float(after.value)}


def _cursor_at(rows: list[Row], order: str) -> str:
    *before, last = rows
    value, sort_name, name = last[len(RECORD_COLUMNS) :]
    if order != "relevance":
        before = []
    keys = tuple(row[0] for row in before[: -_KEYS_BEFORE - 1 : -1])
    first = None if order == "name" else value
    return Cursor(order, first, sort_name, name, last[0], keys).to_text()

"""Filtered, sorted, paged lists of the records in a database, and counts of them."""

from __future__ import annotations

from typing import Any, get_args

from modelkeep.errors import UsageError
from modelkeep.records.cursors import Cursor, read_cursor
from modelkeep.records.listing import FacetName, RecordFilter, SearchOrder
from modelkeep.records.sql import paging
from modelkeep.records.sql.database import Dialect, Row, Transaction
from modelkeep.records.sql.filters import Filter, filter_of
from modelkeep.records.sql.rows import RECORD_COLUMNS

#: As a limit: no limit.
ALL = -1
#: With fewer records than this, sorting them is cheaper than walking to them.
_FEW = 2000
#: With so many records of a page a cursor by relevance can do without the last.
_KEYS_BEFORE = 8


def refuse_order(order: str) -> None:
    """Raise unless records can be sorted so.

    Raises:
        UsageError: they cannot.
    """
    if order not in get_args(SearchOrder):
        raise UsageError(
            f"Records cannot be sorted by {order!r}",
            hint=f"Sort by one of {', '.join(get_args(SearchOrder))}.",
        )


def refuse_facet(name: str) -> None:
    """Raise unless records can be counted so.

    Raises:
        UsageError: they cannot.
    """
    if name not in get_args(FacetName):
        raise UsageError(
            f"Records cannot be counted by {name!r}",
            hint=f"Count by one of {', '.join(get_args(FacetName))}.",
        )


def page(
    transaction: Transaction, where: RecordFilter, order: str, limit: int, after: str | None
) -> tuple[list[Row], str | None]:
    """Return the rows of ``RECORD_COLUMNS`` of one page, and where the next one begins.

    Raises:
        UsageError: ``after`` is no page's end.
    """
    chosen = Filter(where, transaction.dialect)
    sort = _sort_of(chosen, order)
    start = read_cursor(after, sort) if after is not None else None
    wanted = limit if limit == ALL else limit + 1
    found = _rows(transaction, chosen, sort, start, wanted)
    shown = found if limit == ALL else found[:limit]
    following = _cursor_at(shown, sort) if len(found) > len(shown) and shown else None
    return [row[: len(RECORD_COLUMNS)] for row in shown], following


def walks(where: RecordFilter, order: str, dialect: Dialect) -> bool:
    """Tell whether an index lists exactly the records of a filter, in this order."""
    chosen = filter_of(where, dialect)
    sort = _sort_of(chosen, order)
    return sort != "relevance" and paging.walk_of(chosen.shape, sort).is_exact


def count(transaction: Transaction, where: RecordFilter) -> int:
    """Return how many records match the filter."""
    return _count(transaction, Filter(where, transaction.dialect))


def _sort_of(chosen: Filter, order: str) -> str:
    return "name" if order == "relevance" and not chosen.shape.has_text else order


def _rows(
    transaction: Transaction, chosen: Filter, order: str, after: Cursor | None, limit: int
) -> list[Row]:
    """Return rows of the record's columns, the order's value, sort_name and name."""
    if order == "relevance":
        return _rows_by_relevance(transaction, chosen, after, limit)
    hint = _hint_for(transaction, chosen, order, limit)
    found: list[Row] = []
    for part, values in paging.parts(order, after):
        asked = {**chosen.values, **values, "limit_": limit - len(found) if limit > 0 else limit}
        found += transaction.rows(paging.page_of(chosen.shape, order, part, hint), asked)
        if len(found) == limit:
            break
    return found


def _hint_for(transaction: Transaction, chosen: Filter, order: str, limit: int) -> str:
    walk = paging.walk_of(chosen.shape, order)
    if walk.is_exact:
        return walk.hint
    if limit == ALL or _count(transaction, chosen, _FEW) < _FEW:
        return paging.gathering_hint(chosen.shape)
    return walk.hint


def _count(transaction: Transaction, chosen: Filter, most: int | None = None) -> int:
    values = chosen.values if most is None else {**chosen.values, "most_": most}
    statement = paging.counted(chosen.shape, at_most=most is not None)
    return int(transaction.rows(statement, values)[0][0])


def _rows_by_relevance(
    transaction: Transaction, chosen: Filter, after: Cursor | None, limit: int
) -> list[Row]:
    values = {**chosen.values, "limit_": limit}
    if after is not None:
        values |= _place_now(transaction, chosen, after)
    statement = paging.page_by_relevance(chosen.shape, is_first=after is None)
    return list(transaction.rows(statement, values))


def _place_now(transaction: Transaction, chosen: Filter, after: Cursor) -> dict[str, Any]:
    """Return the place in the order where a page by relevance ended.

    Scores change with what else is in the catalogue. So the place is that of the page's last
    record that is still there, by the score that it has now.
    """
    statement = paging.score_of_key(chosen.shape)
    for key in (after.key, *after.before):
        asked = {"text_": chosen.values["text_"], "after_key_": key}
        for score, sort_name, name in transaction.rows(statement, asked):
            return {"value_": score, "sort_name_": sort_name, "name_": name, "after_key_": key}
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

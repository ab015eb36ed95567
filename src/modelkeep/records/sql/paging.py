"""The statements that read one page of a filtered and sorted list.

SQLite keeps no statistics of our tables, so which index a statement goes by is decided here; other
databases decide it themselves. A list can be *walked*, in its order, by an index that has this
order, until the page is full; or its records can be gathered by what they are filtered by, and
sorted. Walking is cheap while many records fit the filter, sorting while few do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, func, select, tuple_

from modelkeep.records.cursors import Cursor
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.filters import Shape

_model = schema.model.c

#: Column that an order sorts by before the names; relevance has none.
_COLUMNS = {
    "name": "sort_name",
    "size": "size",
    "date": "created_at",
    "type": "type",
    "base": "base",
}
_DESCENDING = frozenset({"size", "date"})
_BY_NAME = (_model.sort_name, _model.name, _model.key)

#: Indexes that list all records of some values by name; the first that fits is the best.
_LISTED_BY_NAME: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"type", "base", "format"}), "ix_mk_model_default_order"),
    (frozenset({"type", "base"}), "ix_mk_model_by_type_base"),
    (frozenset({"type"}), "ix_mk_model_by_type"),
    (frozenset({"base"}), "ix_mk_model_by_base"),
    (frozenset({"format"}), "ix_mk_model_by_format"),
    (frozenset({"state"}), "ix_mk_model_state"),
    (frozenset(), "ix_mk_model_by_name"),
)
_GATHERED = {columns: name for columns, name in _LISTED_BY_NAME if columns} | {
    frozenset({"root"}): "ix_mk_model_place"
}
_BY_ROWID = "NOT INDEXED"
_FACETS = "INDEXED BY ix_mk_model_facets"

#: Statements that are kept: shapes are few, but lists of values of every length make a new one.
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk over a list.

    Attributes:
        is_exact: All that the index passes fits the filter, but for the order's own column.
    """

    hint: str
    is_exact: bool


@lru_cache(_KEPT)
def walk_of(shape: Shape, order: str) -> Walk:
    """Return how a list in this order is walked."""
    single = shape.single
    if order in {"type", "base"} and order not in single:
        index, used = f"ix_mk_model_by_{order}", frozenset[str]()
    elif order in _DESCENDING:
        index, used = f"ix_mk_model_by_{order}", frozenset()
    else:
        used, index = next(pair for pair in _LISTED_BY_NAME if pair[0] <= single)
    is_exact = not shape.needs_other_tables and used == shape.columns
    return Walk(f"INDEXED BY {index}", is_exact)


def gathering_hint(shape: Shape) -> str:
    """Return the hint that gathers the records of a filter."""
    if shape.needs_other_tables:
        return _BY_ROWID
    index = _GATHERED.get(shape.columns)
    return f"INDEXED BY {index}" if index else _FACETS


@lru_cache(_KEPT)
def counted(shape: Shape, *, at_most: bool = False) -> Select[Any]:
    """Count the records of a filter; with ``at_most`` stop at the value ``most_``."""
    if not at_most:
        statement = select(func.count()).select_from(schema.model).where(*shape.conditions())
        return hinted(statement, counting_hint(shape))
    found = select(_model.id).where(*shape.conditions()).limit(bindparam("most_"))
    return select(func.count()).select_from(hinted(found, counting_hint(shape)).subquery())


def counting_hint(shape: Shape) -> str:
    """Return the hint that counts the records of a filter without reading their rows."""
    return _BY_ROWID if shape.needs_other_tables else _FACETS


def hinted(statement: Select[Any], hint: str) -> Select[Any]:
    """Say to SQLite which index of ``mk_model`` a statement goes by."""
    return statement.with_hint(schema.model, hint, "sqlite")


def parts(order: str, after: Cursor | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the parts of a list that follow ``after``, in order, each with its values.

    A part is one range of an index: what equals the cursor in the order's column, what lies
    beyond, and what has no value there.
    """
    if after is None:
        yield "all", {}
        return
    names = {"sort_name_": after.sort_name, "name_": after.name, "after_key_": after.key}
    if order == "name":
        yield "names", names
    elif after.value is None:
        yield "names without", names
    else:
        yield "names within", {**names, "value_": after.value}
        yield "beyond", {"value_": after.value}
        if order == "size":
            yield "without", {}


@lru_cache(_KEPT)
def page_of(
    shape: Shape,
    order: str,
    part: str,
    hint: str,
    shown: tuple[ColumnElement[Any], ...] = rows.RECORD_COLUMNS,
) -> Select[Any]:
    """Find at most ``limit_`` records of one part of a list; see ``parts``.

    The columns are ``shown``, what the order sorts by as ``sort_``, and the names.
    """
    sort = _model[_COLUMNS[order]]
    by = () if order == "name" else (sort.desc() if order in _DESCENDING else sort,)
    columns = (*shown, sort.label("sort_"), _model.sort_name, _model.name)
    conditions, limits = shape.conditions(), _limits_of(order, part)
    if hint == _FACETS:
        # Found in the index alone, so that only the rows that fit are read.
        fits = hinted(select(_model.id).where(*conditions), hint)
        conditions, hint = [_model.id.in_(fits.correlate(None))], _BY_ROWID
    listed = hinted(select(*columns).where(*conditions, *limits), hint)
    if hint == walk_of(shape, order).hint:
        return listed.order_by(*by, *_BY_NAME).limit(bindparam("limit_"))
    # Only the rows of the page are read whole: what is sorted before is small.
    found = listed.with_only_columns(_model.id).order_by(*by, *_BY_NAME)
    ids = found.limit(bindparam("limit_")).subquery()
    return select(*columns).join(ids, ids.c.id == _model.id).order_by(*by, *_BY_NAME)


@lru_cache(_KEPT)
def page_by_relevance(shape: Shape, *, is_first: bool) -> Select[Any]:
    """Find at most ``limit_`` records, best matches first."""
    found = shape.dialect.scored().subquery()
    ids = select(_model.id, found.c.score).join(found, found.c.id == _model.id)
    ids = ids.where(*shape.conditions(of_text=False))
    if not is_first:
        after = ("value_", "sort_name_", "name_", "after_key_")
        last = tuple_(*(bindparam(name) for name in after))
        ids = ids.where(tuple_(found.c.score, *_BY_NAME) > last)
    ids = hinted(ids, _BY_ROWID).order_by(found.c.score, *_BY_NAME)
    page: FromClause = ids.limit(bindparam("limit_")).subquery()
    return (
        select(*rows.RECORD_COLUMNS, page.c.score, _model.sort_name, _model.name)
        .join(page, page.c.id == _model.id)
        .order_by(page.c.score, *_BY_NAME)
    )


@lru_cache(_KEPT)
def score_of_key(shape: Shape) -> Select[Any]:
    """Find score, sort_name and name of ``after_key_``, if it is there and fits the text."""
    found = shape.dialect.scored().subquery()
    return (
        select(found.c.score, _model.sort_name, _model.name)
        .join(schema.model, _model.id == found.c.id)
        .where(_model.key == bindparam("after_key_"))
    )


def _limits_of(order: str, part: str) -> list[ColumnElement[bool]]:
    sort = _model[_COLUMNS[order]]
    value: Any = bindparam("value_")
    if part == "all":
        return []
    if part == "beyond":
        return [sort < value if order in _DESCENDING else sort > value]
    if part == "without":
        return [sort.is_(None)]
    names: list[Any] = [bindparam(name) for name in ("sort_name_", "name_", "after_key_")]
    limits = [_model.sort_name >= names[0], tuple_(*_BY_NAME) > tuple_(*names)]
    if part == "names within":
        limits.append(sort == value)
    if part == "names without":
        limits.append(sort.is_(None))
    return limits

"""Counting the records of a filtered set by the values they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, distinct, func, select

from modelkeep.records.listing import FacetName, Facets, KindTotal, RecordFilter
from modelkeep.records.sql import paging, schema
from modelkeep.records.sql.database import Row, Transaction
from modelkeep.records.sql.filters import Filter, Shape

_model, _tag, _model_tag = schema.model.c, schema.tag.c, schema.model_tag.c

#: Columns that are counted together, in one pass over ``ix_mk_model_facets``: the more there are,
#: the more combinations of their values a pass has to keep apart.
_PASSES = (schema.COUNTED_COLUMNS[:5], schema.COUNTED_COLUMNS[5:])
#: Columns that facets call otherwise.
_COLUMN_OF = {"size": "size_class"}
#: Statements that are kept.
_KEPT = 100


def counted(transaction: Transaction, where: RecordFilter, names: Iterable[FacetName]) -> Facets:
    """Count a filtered set, and for each facet the set without the filter's choice in it."""
    whole, wanted = Filter(where, transaction.dialect), list(names)
    columns = {_COLUMN_OF.get(name, name) for name in wanted}
    total, counts = 0, dict[str, Mapping[str, int]]()
    passes = [(group, [name for name in group if name in columns]) for group in _PASSES]
    # The number of all comes with any of them.
    for group, free in [each for each in passes if each[1]] or passes[:1]:
        total, found = _one_pass(transaction, where, whole, group, free)
        counts |= found
    result: dict[str, Mapping[str, int]] = {}
    for name in wanted:
        is_tag = name == "tag"
        result[name] = (
            _tags(transaction, where) if is_tag else dict(counts[_COLUMN_OF.get(name, name)])
        )
    return Facets(total=total, counts=result)


def _one_pass(
    transaction: Transaction, where: RecordFilter, whole: Filter, group: Sequence[str],
    free: Sequence[str],
) -> tuple[int, dict[str, Counter[str]]]:  # fmt: skip
    """Count what differs in no more than what is counted (``free``) and chosen."""
    combined = [name for name in group if name in free or name in whole.choices]
    rest = Filter(where, transaction.dialect, without=free)
    found = transaction.rows(_combinations(rest.shape, tuple(combined)), rest.values)
    return _fold(found, combined, whole)


def totals(transaction: Transaction) -> list[KindTotal]:
    """Count all records and sum their sizes, by type and base."""
    size = func.coalesce(func.sum(_model.size), 0)
    statement = select(_model.type, _model.base, func.count(), size)
    found = transaction.rows(statement.group_by(_model.type, _model.base))
    return [KindTotal(*row) for row in found]


@lru_cache(_KEPT)
def _combinations(rest: Shape, columns: tuple[str, ...]) -> Select[Any]:
    grouped = [_model[name] for name in columns]
    statement = select(*grouped, func.count()).select_from(schema.model).where(*rest.conditions())
    return paging.hinted(statement, paging.counting_hint(rest)).group_by(*grouped)


def _fold(
    found: Iterable[Row], columns: list[str], whole: Filter
) -> tuple[int, dict[str, Counter[str]]]:
    total = 0
    counts: dict[str, Counter[str]] = {name: Counter() for name in columns}
    for *values, number in found:
        unfit = [
            name
            for name, value in zip(columns, values, strict=True)
            if name in whole.choices and value not in whole.choices[name]
        ]
        if not unfit:
            total += number
        for name, value in zip(columns, values, strict=True):
            if not unfit or unfit == [name]:
                counts[name][value] += number
    return total, counts


def _tags(transaction: Transaction, where: RecordFilter) -> dict[str, int]:
    chosen = Filter(where, transaction.dialect, without=("tag",))
    found = transaction.rows(_tag_counts(chosen.shape), chosen.values)
    return dict(found)


@lru_cache(_KEPT)
def _tag_counts(shape: Shape) -> Select[Any]:
    number = func.count(distinct(_model_tag.model_key))
    statement = select(_tag.text, number).join(schema.model_tag, _model_tag.tag_id == _tag.id)
    conditions = shape.conditions()
    if conditions:
        fits = paging.hinted(select(_model.key).where(*conditions), paging.gathering_hint(shape))
        statement = statement.where(_model_tag.model_key.in_(fits))
    return statement.group_by(_tag.id)

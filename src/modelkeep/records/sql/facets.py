"""Counting the records of a filtered set by the values they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, distinct, func, select

from modelkeep.records.listing import FacetName, Facets, KindTotal, RecordFilter
from modelkeep.records.sql import paging, schema
from modelkeep.records.sql.database import Row, Transaction
from modelkeep.records.sql.filters import Filter, Shape

_model, _tag, _model_tag = schema.model.c, schema.tag.c, schema.model_tag.c

#: Facets that are columns: those of ``ix_mk_model_facets``.
_COLUMNS = ("type", "base", "format", "root", "state")
#: Statements that are kept.
_KEPT = 100


def counted(transaction: Transaction, where: RecordFilter, names: Iterable[FacetName]) -> Facets:
    """Count a filtered set, and for each facet the set without the filter's choice in it."""
    whole, wanted = Filter(where, transaction.dialect), list(names)
    # One pass over the index: all that differs in no more than what is counted and chosen.
    combined = [name for name in _COLUMNS if name in wanted or name in whole.choices]
    free = [name for name in combined if name in wanted]
    rest = Filter(where, transaction.dialect, without=free)
    found = transaction.rows(_combinations(rest.shape, tuple(combined)), rest.values)
    total, counts = _fold(found, combined, whole)
    result: dict[str, Mapping[str, int]] = {}
    for name in wanted:
        result[name] = _tags(transaction, where) if name == "tag" else dict(counts[name])
    return Facets(total=total, counts=result)


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

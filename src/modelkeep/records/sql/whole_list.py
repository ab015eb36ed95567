"""All records of a filter, a few at a time, sorted by type, base, format and name."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, select, tuple_

from modelkeep.records.listing import RecordFilter
from modelkeep.records.sql import paging, rows, schema
from modelkeep.records.sql.database import Row, Transaction
from modelkeep.records.sql.filters import Filter, Shape

_model = schema.model.c
_ORDER = tuple(_model[name] for name in ("type", "base", "format", "sort_name", "name", "key"))
#: Rows that are read at a time.
BATCH = 500
#: Statements that are kept.
_KEPT = 50


def next_rows(
    transaction: Transaction, where: RecordFilter, name: str | None, after: Row | None
) -> list[Row]:
    """Return rows of ``RECORD_COLUMNS``, sort_name and name that follow one of them.

    Args:
        transaction: Reads.
        where: What the records have to be like.
        name: They are called exactly this.
        after: The last row of those before; the first ones when None.
    """
    chosen = Filter(where, transaction.dialect)
    values: dict[str, Any] = {**chosen.values, "limit_": BATCH}
    if name is not None:
        values |= {"name_": name, "sort_name_": rows.folded(name)}
    if after is not None:
        key, type_, base, form, *_rest = after
        last = (type_, base, form, *after[len(rows.RECORD_COLUMNS) :], key)
        values |= {f"after_{number}": value for number, value in enumerate(last)}
    statement = _next(chosen.shape, is_named=name is not None, is_first=after is None)
    return transaction.rows(statement, values)


@lru_cache(_KEPT)
def _next(shape: Shape, *, is_named: bool, is_first: bool) -> Select[Any]:
    statement = select(*rows.RECORD_COLUMNS, _model.sort_name, _model.name)
    statement = statement.where(*shape.conditions())
    index = "ix_mk_model_default_order"
    if is_named:
        # The index is of folded names.
        folded = _model.sort_name == bindparam("sort_name_")
        statement = statement.where(folded, _model.name == bindparam("name_"))
        index = "ix_mk_model_by_name"
    if not is_first:
        last: list[Any] = [bindparam(f"after_{number}") for number in range(len(_ORDER))]
        statement = statement.where(tuple_(*_ORDER) > tuple_(*last))
    statement = statement.order_by(*_ORDER).limit(bindparam("limit_"))
    return paging.hinted(statement, f"INDEXED BY {index}")

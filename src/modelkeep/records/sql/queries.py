"""The statements that find records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_

from modelkeep.core.roots import Roots
from modelkeep.core.taxonomy import ModelRecordOrderBy
from modelkeep.errors import UsageError
from modelkeep.records.places import possible_places
from modelkeep.records.sql import rows, schema

_model = schema.model.c

_BY_NAME = (_model.sort_name, _model.name, _model.key)
_DEFAULT_ORDER = (_model.type, _model.base, _model.format, *_BY_NAME)

_PAGE_ORDERS: dict[ModelRecordOrderBy, tuple[ColumnElement[Any], ...]] = {
    ModelRecordOrderBy.Default: (),
    ModelRecordOrderBy.Type: (_model.type,),
    ModelRecordOrderBy.Base: (_model.base,),
    ModelRecordOrderBy.Name: (_model.sort_name,),
    ModelRecordOrderBy.Format: (_model.format,),
}


def records_where(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Find the records that fit all conditions, in the default order."""
    return select(*rows.RECORD_COLUMNS).where(*conditions).order_by(*_DEFAULT_ORDER)


def lies_at(roots: Roots, path: str) -> ColumnElement[bool]:
    """Return the condition that a record has this ``path``."""
    return tuple_(_model.root, _model.path).in_(possible_places(roots, path))


def page_of_summaries(page: int, per_page: int, order_by: ModelRecordOrderBy) -> Select[Any]:
    """Find the records of one page.

    Raises:
        UsageError: ``page`` or ``per_page`` is too small.
    """
    if page < 0 or per_page < 1:
        raise UsageError(
            f"There is no page {page} of {per_page} models",
            hint="Pages are counted from 0 and have at least 1 model.",
        )
    order = (*_PAGE_ORDERS[ModelRecordOrderBy(order_by)], *_DEFAULT_ORDER)
    statement = select(*rows.RECORD_COLUMNS).order_by(*order)
    return statement.limit(per_page).offset(page * per_page)

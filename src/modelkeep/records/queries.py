"""The statements that find records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from modelkeep.core.taxonomy import ModelRecordOrderBy
from modelkeep.errors import UsageError
from modelkeep.records import rows, schema
from modelkeep.records.metadata import keys_with_tags

_model = schema.model.c

_SEARCH_ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "name": (),
    "size": (_model.size.desc().nulls_last(),),
    "date": (_model.created_at.desc(),),
    "type": (_model.type,),
    "base": (_model.base,),
}
_BY_NAME = (_model.sort_name, _model.name, _model.key)
_DEFAULT_ORDER = (_model.type, _model.base, _model.format, *_BY_NAME)

_PAGE_ORDERS: dict[ModelRecordOrderBy, tuple[ColumnElement[Any], ...]] = {
    ModelRecordOrderBy.Default: (),
    ModelRecordOrderBy.Type: (_model.type,),
    ModelRecordOrderBy.Base: (_model.base,),
    ModelRecordOrderBy.Name: (_model.sort_name,),
    ModelRecordOrderBy.Format: (_model.format,),
}


def records_where(*conditions: ColumnElement[bool]) -> Select[tuple[str]]:
    """Find the records that fit all conditions, in the default order."""
    return select(_model.config).where(*conditions).order_by(*_DEFAULT_ORDER)


def search(
    text: str | None,
    choices: dict[str, Sequence[str]],
    tags: Iterable[str],
    order: str,
    limit: int | None,
) -> Select[tuple[str]]:
    """Find records as ``ModelRecordServiceBase.search`` describes.

    Args:
        text: See there.
        choices: For each column the values of which a record has one; any when empty.
        tags: See there.
        order: See there.
        limit: See there.

    Raises:
        UsageError: ``order`` is unknown.
    """
    if order not in _SEARCH_ORDERS:
        raise UsageError(
            f"Records cannot be sorted by {order!r}",
            hint=f"Sort by one of {', '.join(_SEARCH_ORDERS)}.",
        )
    statement = select(_model.config).order_by(*_SEARCH_ORDERS[order], *_BY_NAME)
    for word in rows.folded(text or "").split():
        # Not LIKE, which has wildcards and a limit on the length of a pattern.
        statement = statement.where(func.instr(_model.words, word) > 0)
    for column, values in choices.items():
        if values:
            statement = statement.where(_model[column].in_(list(values)))
    wanted = list(tags)
    if wanted:
        statement = statement.where(_model.key.in_(keys_with_tags(wanted)))
    return statement if limit is None else statement.limit(max(limit, 0))


def page_of_summaries(
    page: int, per_page: int, order_by: ModelRecordOrderBy
) -> Select[tuple[str, str, str, str, str, str | None]]:
    """Find key, type, base, format, name and description of the records of one page.

    Raises:
        UsageError: ``page`` or ``per_page`` is too small.
    """
    if page < 0 or per_page < 1:
        raise UsageError(
            f"There is no page {page} of {per_page} models",
            hint="Pages are counted from 0 and have at least 1 model.",
        )
    columns = (_model.key, _model.type, _model.base, _model.format, _model.name)
    order = (*_PAGE_ORDERS[ModelRecordOrderBy(order_by)], *_DEFAULT_ORDER)
    return (
        select(*columns, _model.description)
        .order_by(*order)
        .limit(per_page)
        .offset(page * per_page)
    )

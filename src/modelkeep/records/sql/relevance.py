"""The statements that list records by how well they match a text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Subquery, bindparam, func, literal_column, select, tuple_

from modelkeep.records.dialects import sqlite_text as text_index
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.filters import TEXT_INDEX, Filter, matches

_model = schema.model.c
_BY_NAME = (_model.sort_name, _model.name, _model.key)


def score_of_key() -> Select[Any]:
    """Find score, sort_name and name of ``after_key_``, if it is there and fits the text."""
    return (
        select(_score(), _model.sort_name, _model.name)
        .join(schema.model, _model.id == TEXT_INDEX.c.rowid)
        .where(matches(), _model.key == bindparam("after_key_"))
    )


def page_by_relevance(chosen: Filter, *, is_first: bool) -> Select[Any]:
    """Find at most ``limit_`` records, best matches first; a score is better the smaller it is."""
    scored = select(TEXT_INDEX.c.rowid.label("id"), _score().label("score")).where(matches())
    found = scored.subquery()
    rest = chosen.conditions(of_text=False)
    ids = select(_model.id, found.c.score).join(found, found.c.id == _model.id).where(*rest)
    if not is_first:
        after = ("value_", "sort_name_", "name_", "after_key_")
        last = tuple_(*(bindparam(name) for name in after))
        ids = ids.where(tuple_(found.c.score, *_BY_NAME) > last)
    ids = ids.with_hint(schema.model, "NOT INDEXED")
    page = ids.order_by(found.c.score, *_BY_NAME).limit(bindparam("limit_")).subquery()
    return _whole(page)


def _whole(page: Subquery) -> Select[Any]:
    return (
        select(*rows.RECORD_COLUMNS, page.c.score, _model.sort_name, _model.name)
        .join(page, page.c.id == _model.id)
        .order_by(page.c.score, *_BY_NAME)
    )


def _score() -> Any:
    weights: list[Any] = [literal_column(str(weight)) for weight in text_index.COLUMNS.values()]
    return func.bm25(literal_column(text_index.TABLE), *weights)

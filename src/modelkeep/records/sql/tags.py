"""The tags of records in a database: those from sites and those set by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    distinct,
    exists,
    func,
    insert,
    null,
    select,
    update,
)

from modelkeep.records.metadata import ModelTags
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.database import MANY, Dialect, Transaction, chunks

#: Who gave a tag, as the table has it.
Origin = Literal["site", "hand"]

_tag, _model_tag = schema.tag.c, schema.model_tag.c


def with_tags(dialect: Dialect, tags: Iterable[str]) -> Select[tuple[str]]:
    """Find the keys of the models with all of these tags."""
    wanted = set(tags)
    listed = wanted if len(wanted) <= MANY else dialect.each_of(wanted)
    return (
        select(_model_tag.model_key)
        .join(schema.tag, _tag.id == _model_tag.tag_id)
        .where(_tag.text.in_(listed))
        .group_by(_model_tag.model_key)
        .having(func.count(distinct(_tag.id)) == len(wanted))
    )


def tags_of(transaction: Transaction, keys: Collection[str]) -> dict[str, set[str]]:
    """Return the tags of each of the models that has any."""
    found: dict[str, set[str]] = {}
    for some in chunks(list(keys)):
        for key, text in transaction.rows(_tags_of(), {"keys_": some}):
            found.setdefault(key, set()).add(text)
    return found


def tags_by_origin(transaction: Transaction, key: str) -> ModelTags:
    """Return the tags of a model."""
    found = transaction.rows(_by_origin(), {"key_": key})
    site, hand = (
        frozenset(text for origin, _, text in found if origin == wanted)
        for wanted in ("site", "hand")
    )
    return ModelTags(site=site, hand=hand)


def put_tags(transaction: Transaction, key: str, tags: Iterable[str], origin: Origin) -> None:
    """Make these the tags that ``origin`` gives a model; those that stay are not touched.

    Tags are stored as they are; a tag that no model has any more goes.
    """
    before = [row for row in transaction.rows(_by_origin(), {"key_": key}) if row[0] == origin]
    wanted, there = set(tags), {text for _, _, text in before}
    if wanted == there:
        return
    transaction.change(_empty_words(), {"key_": key})
    new = [{"text_": text, "words_": rows.words_text(text)} for text in sorted(wanted - there)]
    transaction.change_many(_add(), new)
    links = [{"key_": key, "origin_": origin, "text_": row["text_"]} for row in new]
    transaction.change_many(_link(), links)
    gone = [tag for _, tag, text in before if text not in wanted]
    unlinked = [{"key_": key, "origin_": origin, "id_": tag} for tag in gone]
    transaction.change_many(_unlink(), unlinked)
    transaction.change_many(_prune(), [{"id_": tag} for tag in gone])
    transaction.change(_fill_words(), {"key_": key})


def tags_in_use() -> Select[tuple[str]]:
    """Find all tags that a model has."""
    return select(_tag.text).where(_is_used())


def _is_used() -> ColumnElement[bool]:
    return exists().where(_model_tag.tag_id == _tag.id)


@cache
def _tags_of() -> Select[Any]:
    asked = _model_tag.model_key.in_(bindparam("keys_", expanding=True))
    linked = _tag.id == _model_tag.tag_id
    return select(_model_tag.model_key, _tag.text).join(schema.tag, linked).where(asked)


@cache
def _by_origin() -> Select[Any]:
    return (
        select(_model_tag.origin, _tag.id, _tag.text)
        .join(schema.tag, _tag.id == _model_tag.tag_id)
        .where(_model_tag.model_key == bindparam("key_"))
    )


@cache
def _empty_words() -> Update:
    this = schema.model.c.key == bindparam("key_")
    return update(schema.model).where(this).values(tag_words=null())


@cache
def _fill_words() -> Update:
    this = schema.model.c.key == bindparam("key_")
    words = schema.words_of_tags(bindparam("key_")).scalar_subquery()
    return update(schema.model).where(this).values(tag_words=words)


@cache
def _add() -> Insert:
    text: Any = bindparam("text_")
    is_new = ~exists().where(_tag.text == text)
    found = select(text, bindparam("words_")).where(is_new)
    return insert(schema.tag).from_select(["text", "words"], found)


@cache
def _link() -> Insert:
    found = select(bindparam("key_"), _tag.id, bindparam("origin_"))
    found = found.where(_tag.text == bindparam("text_"))
    return insert(schema.model_tag).from_select(["model_key", "tag_id", "origin"], found)


@cache
def _unlink() -> Delete:
    return delete(schema.model_tag).where(
        _model_tag.model_key == bindparam("key_"),
        _model_tag.tag_id == bindparam("id_"),
        _model_tag.origin == bindparam("origin_"),
    )


@cache
def _prune() -> Delete:
    return delete(schema.tag).where(_tag.id == bindparam("id_"), ~_is_used())

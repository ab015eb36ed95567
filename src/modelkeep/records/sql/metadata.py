"""``ModelMetadataStore``: the metadata of models, in the same database as their records."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Select,
    bindparam,
    delete,
    distinct,
    func,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from modelkeep.errors import DuplicateModelException, UnknownMetadataException
from modelkeep.records.dialects import sqlite_text as text_index
from modelkeep.records.metadata import AnyMetadata, ModelMetadataStoreBase, ModelTags
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.part import unknown
from modelkeep.records.sql.transactions import ConnectionHolder, Transactions, Work

#: More values than this go to SQLite as one: it bounds the number of parameters.
_PARAMETERS = 500

#: Who gave a tag, as the table has it.
_SITE, _HAND = "site", "hand"

_metadata, _tag, _model_tag = schema.metadata.c, schema.tag.c, schema.model_tag.c


class ModelMetadataStore(ModelMetadataStoreBase):
    """Metadata in a SQLite database.

    Args:
        db: A ``SqliteDatabase``, or any object with ``conn`` and ``lock``. Our tables are made
            when they are not there.

    Raises:
        DatabaseError: the database cannot be used.
    """

    def __init__(self, db: ConnectionHolder) -> None:
        self._db = db
        self._transactions = Transactions(db)

    @property
    def db(self) -> ConnectionHolder:
        """What the store was made on."""
        return self._db

    def add_metadata(self, model_key: str, metadata: AnyMetadata) -> None:
        """Store the metadata of a model that has none yet."""
        with self._transactions.writing() as work:
            known = select(schema.model.c.key).where(schema.model.c.key == model_key)
            if not work.run(known):
                raise UnknownMetadataException(
                    f"There is no model {model_key!r} that metadata could belong to",
                    hint="Add the record first; modelkeep list shows what is there.",
                )
            if work.run(select(_metadata.model_key).where(_metadata.model_key == model_key)):
                raise DuplicateModelException(
                    f"The model {model_key!r} has metadata already",
                    hint="Replace it with update_metadata.",
                )
            add_first_metadata(work, model_key, metadata)

    def get_metadata(self, model_key: str) -> AnyMetadata:
        """Return the metadata of a model."""
        with self._transactions.reading() as work:
            found = work.run(select(_metadata.metadata).where(_metadata.model_key == model_key))
        if not found:
            raise _unknown(model_key)
        return rows.read_metadata(found[0][0], self._transactions.name)

    def update_metadata(self, model_key: str, metadata: AnyMetadata) -> AnyMetadata:
        """Replace the metadata of a model and return it."""
        with self._transactions.writing() as work:
            row = rows.metadata_row(model_key, metadata)
            work.run(update(schema.metadata).where(_metadata.model_key == model_key).values(row))
            if not work.changed:
                raise _unknown(model_key)
            _set_tags(work, model_key, metadata.tags, _SITE)
        return metadata

    def list_all_metadata(self) -> list[tuple[str, AnyMetadata]]:
        """Return (key, metadata) of all models that have any, sorted by key."""
        with self._transactions.reading() as work:
            found = work.run(
                select(_metadata.model_key, _metadata.metadata).order_by(_metadata.model_key)
            )
        name = self._transactions.name
        return [(key, rows.read_metadata(text, name)) for key, text in found]

    def tags(self, model_key: str) -> ModelTags:
        """Return the tags of a model."""
        with self._transactions.reading() as work:
            return _tags_by_origin(work, model_key)

    def set_tags(self, model_key: str, tags: Iterable[str]) -> ModelTags:
        """Replace the tags that the user gave a model; those of its site stay."""
        with self._transactions.writing() as work:
            _tags_by_origin(work, model_key)  # refuses a model that is not there
            put_tags(work, model_key, tags)
            return _tags_by_origin(work, model_key)

    def list_tags(self) -> set[str]:
        """Return all tags that are in use."""
        used = select(_model_tag.tag_id).where(_model_tag.tag_id == _tag.id).exists()
        with self._transactions.reading() as work:
            return {text for (text,) in work.run(select(_tag.text).where(used))}

    def search_by_tag(self, tags: Iterable[str]) -> set[str]:
        """Return the keys of the models that have all of these tags; none for no tags."""
        return self._keys(keys_with_tags(tags))

    def search_by_author(self, author: str) -> set[str]:
        """Return the keys of the models by this author."""
        return self._keys(select(_metadata.model_key).where(_metadata.author == author))

    def search_by_name(self, name: str) -> set[str]:
        """Return the keys of the models that their site calls by this name."""
        return self._keys(select(_metadata.model_key).where(_metadata.name == name))

    def _keys(self, statement: Select[tuple[str]]) -> set[str]:
        with self._transactions.reading() as work:
            return {key for (key,) in work.run(statement)}


def keys_with_tags(tags: Iterable[str]) -> Select[tuple[str]]:
    """Return the statement that finds the keys of the models with all of these tags."""
    wanted = set(tags)
    return (
        select(_model_tag.model_key)
        .join(schema.tag, _tag.id == _model_tag.tag_id)
        .where(_is_one_of(_tag.text, wanted))
        .group_by(_model_tag.model_key)
        .having(func.count(distinct(_tag.id)) == len(wanted))
    )


def tags_of(work: Work, keys: Collection[str]) -> dict[str, set[str]]:
    """Return the tags of each of the models that has any."""
    found: dict[str, set[str]] = {}
    statement = (
        select(_model_tag.model_key, _tag.text)
        .join(schema.tag, _tag.id == _model_tag.tag_id)
        .where(_is_one_of(_model_tag.model_key, keys))
    )
    for key, text in work.run(statement):
        found.setdefault(key, set()).add(text)
    return found


def forget_metadata(work: Work, model_key: str) -> None:
    """Remove the metadata and tags of a model, and the tags that no other model has."""
    for origin in (_SITE, _HAND):
        _set_tags(work, model_key, (), origin)
    work.run(delete(schema.metadata).where(_metadata.model_key == model_key))


def _tags_by_origin(work: Work, model_key: str) -> ModelTags:
    known = select(schema.model.c.key).where(schema.model.c.key == model_key)
    if not work.run(known):
        raise unknown(model_key)
    statement = (
        select(_model_tag.origin, _tag.text)
        .join(schema.tag, _tag.id == _model_tag.tag_id)
        .where(_model_tag.model_key == model_key)
    )
    found = work.run(statement)
    site, hand = (
        frozenset(text for given, text in found if given == origin) for origin in (_SITE, _HAND)
    )
    return ModelTags(site=site, hand=hand)


def add_first_metadata(work: Work, model_key: str, metadata: AnyMetadata) -> None:
    """Store the metadata of a model that is there and has none, as part of a transaction."""
    work.run(insert(schema.metadata).values(rows.metadata_row(model_key, metadata)))
    _set_tags(work, model_key, metadata.tags, _SITE)


def put_tags(work: Work, model_key: str, tags: Iterable[str]) -> None:
    """Make these the tags that the user gave a model that is there, as part of a transaction."""
    _set_tags(work, model_key, (tag.strip() for tag in tags if tag.strip()), _HAND)


def _set_tags(work: Work, model_key: str, tags: Iterable[str], origin: str) -> None:
    """Make these the tags that ``origin`` gives; those that stay are not touched."""
    mine = (_model_tag.model_key == model_key) & (_model_tag.origin == origin)
    before = work.run(
        select(_tag.id, _tag.text).join(schema.model_tag, _tag.id == _model_tag.tag_id).where(mine)
    )
    wanted, there = set(tags), {text for _, text in before}
    if wanted == there:
        return
    key = {"key_": model_key}
    work.run_many("begin tags", lambda: _tag_words(null()), [key])
    new = [{"text": text, "words": rows.words_text(text)} for text in sorted(wanted - there)]
    work.run_many("add tags", lambda: insert(schema.tag).on_conflict_do_nothing(), new)
    links = [{"key_": model_key, "origin_": origin, "text_": row["text"]} for row in new]
    work.run_many("link tags", _link, links)
    gone = [
        {"key_": model_key, "origin_": origin, "id_": tag_id}
        for tag_id, text in before
        if text not in wanted
    ]
    work.run_many("unlink tags", _unlink, gone)
    work.run_many("prune tags", _prune, [{"id_": row["id_"]} for row in gone])
    words: ColumnElement[Any] = literal_column(text_index.TAG_WORDS.format(key=":key_"))
    work.run_many("end tags", lambda: _tag_words(words), [key])


def _tag_words(words: ColumnElement[Any]) -> ClauseElement:
    this = schema.model.c.key == bindparam("key_")
    return update(schema.model).where(this).values(tag_words=words)


def _link() -> ClauseElement:
    found = select(bindparam("key_"), _tag.id, bindparam("origin_")).where(
        _tag.text == bindparam("text_")
    )
    return insert(schema.model_tag).from_select(["model_key", "tag_id", "origin"], found)


def _unlink() -> ClauseElement:
    return delete(schema.model_tag).where(
        _model_tag.model_key == bindparam("key_"),
        _model_tag.tag_id == bindparam("id_"),
        _model_tag.origin == bindparam("origin_"),
    )


def _prune() -> ClauseElement:
    used = select(_model_tag.tag_id).where(_model_tag.tag_id == _tag.id).exists()
    return delete(schema.tag).where(_tag.id == bindparam("id_"), ~used)


def _is_one_of(column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    if len(values) <= _PARAMETERS:
        return column.in_(values)
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def _unknown(model_key: str) -> UnknownMetadataException:
    return UnknownMetadataException(
        f"Nothing is known of the model {model_key!r} beyond its record",
        hint="Metadata comes from the site that a model was installed from.",
    )

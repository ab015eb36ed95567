"""``ModelMetadataStore``: the metadata of models, in the same database as their records."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    delete,
    distinct,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from modelkeep.errors import DuplicateModelException, UnknownMetadataException
from modelkeep.records import rows, schema
from modelkeep.records.base_metadata import AnyMetadata, ModelMetadataStoreBase
from modelkeep.records.transactions import ConnectionHolder, Transactions, Work

#: More values than this go to SQLite as one: it bounds the number of parameters.
_PARAMETERS = 500

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
            row = rows.metadata_row(model_key, metadata)
            work.run(insert(schema.metadata).values(row))
            _set_tags(work, model_key, metadata.tags)

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
            _set_tags(work, model_key, metadata.tags)
        return metadata

    def list_all_metadata(self) -> list[tuple[str, AnyMetadata]]:
        """Return (key, metadata) of all models that have any, sorted by key."""
        with self._transactions.reading() as work:
            found = work.run(
                select(_metadata.model_key, _metadata.metadata).order_by(_metadata.model_key)
            )
        name = self._transactions.name
        return [(key, rows.read_metadata(text, name)) for key, text in found]

    def list_tags(self) -> set[str]:
        """Return all tags that are in use."""
        with self._transactions.reading() as work:
            return {text for (text,) in work.run(select(_tag.text))}

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
    _set_tags(work, model_key, ())
    work.run(delete(schema.metadata).where(_metadata.model_key == model_key))


def _set_tags(work: Work, model_key: str, tags: Iterable[str]) -> None:
    mine = work.run(select(_model_tag.tag_id).where(_model_tag.model_key == model_key))
    work.run(delete(schema.model_tag).where(_model_tag.model_key == model_key))
    wanted = [{"text_": text} for text in sorted(set(tags))]
    text: BindParameter[str] = bindparam("text_")
    work.run_many(insert(schema.tag).values(text=text).on_conflict_do_nothing(), wanted)
    tag_id = select(bindparam("key_", model_key), _tag.id).where(_tag.text == text)
    link = insert(schema.model_tag).from_select(["model_key", "tag_id"], tag_id)
    work.run_many(link, [{"key_": model_key, **row} for row in wanted])
    used = select(_model_tag.tag_id).where(_model_tag.tag_id == _tag.id).exists()
    prune = delete(schema.tag).where(_tag.id == bindparam("id_"), ~used)
    work.run_many(prune, [{"id_": tag_id} for (tag_id,) in mine])


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

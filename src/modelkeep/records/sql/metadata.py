"""``ModelMetadataStore``: the metadata of models, in the same database as their records."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)

from modelkeep.core.metadata import BaseMetadata
from modelkeep.errors import (
    DuplicateModelException,
    UnknownMetadataException,
)
from modelkeep.records.dialects.sqlite import ConnectionHolder, LentDatabase, SqliteDatabase
from modelkeep.records.facts import licence_of, told_site
from modelkeep.records.metadata import AnyMetadata, ModelMetadataStoreBase, ModelTags
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.database import RecordDatabase, Transaction
from modelkeep.records.sql.models import is_known, require
from modelkeep.records.sql.tags import put_tags, tags_by_origin, tags_in_use, with_tags

_metadata = schema.metadata.c
#: The kind of metadata that is of no site.
_NO_SITE = BaseMetadata.model_fields["type"].default


class SqlMetadata(ModelMetadataStoreBase):
    """Metadata in a database of any kind."""

    def __init__(self, database: RecordDatabase) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database.name!r})"

    def add_metadata(self, model_key: str, metadata: AnyMetadata) -> None:
        """Store the metadata of a model that has none yet."""
        with self._database.writing() as transaction:
            if not is_known(transaction, model_key):
                raise UnknownMetadataException(
                    f"Metadata needs a record, and there is no model {model_key!r}",
                    hint="Add the record first. List the models with: modelkeep list",
                )
            if transaction.rows(_one(), {"key_": model_key}):
                raise DuplicateModelException(
                    f"The model {model_key!r} already has metadata",
                    hint="Replace it with update_metadata.",
                )
            add_first_metadata(transaction, model_key, metadata)

    def get_metadata(self, model_key: str) -> AnyMetadata:
        """Return the metadata of a model."""
        with self._database.reading() as transaction:
            found = metadata_of(transaction, model_key, self._database.name)
        if found is None:
            raise _unknown(model_key)
        return found

    def update_metadata(self, model_key: str, metadata: AnyMetadata) -> AnyMetadata:
        """Replace the metadata of a model and return it."""
        with self._database.writing() as transaction:
            row = rows.metadata_row(model_key, metadata)
            mine = update(schema.metadata).where(_metadata.model_key == model_key)
            if not transaction.change(mine.values(row)):
                raise _unknown(model_key)
            _note_origin(transaction, model_key, metadata)
            put_tags(transaction, model_key, metadata.tags, "site")
        return metadata

    def list_all_metadata(self) -> list[tuple[str, AnyMetadata]]:
        """Return (key, metadata) of all models that have any, sorted by key."""
        columns = (_metadata.model_key, _metadata.metadata)
        with self._database.reading() as transaction:
            found = transaction.rows(select(*columns).order_by(_metadata.model_key))
        return list(rows.read_all_metadata(found, self._database.name))

    def tags(self, model_key: str) -> ModelTags:
        """Return the tags of a model."""
        with self._database.reading() as transaction:
            require(transaction, model_key)
            return tags_by_origin(transaction, model_key)

    def set_tags(self, model_key: str, tags: Iterable[str]) -> ModelTags:
        """Replace the tags that the user gave a model; those of its site stay."""
        with self._database.writing() as transaction:
            require(transaction, model_key)
            put_tags(transaction, model_key, given_by_hand(tags), "hand")
            return tags_by_origin(transaction, model_key)

    def list_tags(self) -> set[str]:
        """Return all tags that are in use."""
        return self._texts(tags_in_use())

    def search_by_tag(self, tags: Iterable[str]) -> set[str]:
        """Return the keys of the models that have all of these tags; none for no tags."""
        with self._database.reading() as transaction:
            found = transaction.rows(with_tags(transaction.dialect, tags))
        return {key for (key,) in found}

    def search_by_author(self, author: str) -> set[str]:
        """Return the keys of the models by this author."""
        return self._keys(_metadata.author == author)

    def search_by_name(self, name: str) -> set[str]:
        """Return the keys of the models that their site calls by this name."""
        return self._keys(_metadata.name == name)

    def _keys(self, condition: ColumnElement[bool]) -> set[str]:
        return self._texts(select(_metadata.model_key).where(condition))

    def _texts(self, statement: Select[tuple[str]]) -> set[str]:
        with self._database.reading() as transaction:
            return {text for (text,) in transaction.rows(statement)}


class ModelMetadataStore(SqlMetadata):
    """Metadata in a SQLite database.

    Args:
        db: A ``SqliteDatabase``, or any object with ``conn`` and ``lock``. Our tables are made
            when they are not there.

    Raises:
        DatabaseError: the database cannot be used.
    """

    def __init__(self, db: ConnectionHolder) -> None:
        super().__init__(database_of(db))
        self._db = db

    @property
    def db(self) -> ConnectionHolder:
        """What the store was made on."""
        return self._db


def database_of(db: ConnectionHolder) -> RecordDatabase:
    """Return the database behind what a store is made on."""
    return db if isinstance(db, SqliteDatabase) else LentDatabase(db)


def metadata_of(transaction: Transaction, key: str, name: str) -> AnyMetadata | None:
    """Return the metadata of a model; ``name`` is the database, for messages."""
    found = transaction.rows(_one(), {"key_": key})
    return rows.read_metadata(found[0][0], name) if found else None


def add_first_metadata(transaction: Transaction, key: str, metadata: AnyMetadata) -> None:
    """Store the metadata of a model that is there and has none, as part of a transaction."""
    transaction.change(_insert(), rows.metadata_row(key, metadata))
    _note_origin(transaction, key, metadata)
    put_tags(transaction, key, metadata.tags, "site")


def site_told(key: str, otherwise: str) -> ColumnElement[str]:
    """Return the site of a record: that which its metadata is of, else another."""
    told = select(_metadata.type).where(_metadata.model_key == key, _metadata.type != _NO_SITE)
    return func.coalesce(told.scalar_subquery(), otherwise)


def _note_origin(transaction: Transaction, key: str, metadata: AnyMetadata) -> None:
    values = {"key_": key, "licence_": licence_of(metadata), "site_": told_site(metadata)}
    transaction.change(_set_origin(), values)


def given_by_hand(tags: Iterable[str]) -> list[str]:
    """Return tags without blanks at the ends, and without empty ones."""
    return [tag.strip() for tag in tags if tag.strip()]


@cache
def _one() -> Select[Any]:
    return select(_metadata.metadata).where(_metadata.model_key == bindparam("key_"))


@cache
def _set_origin() -> Executable:
    model, told = schema.model.c, func.nullif(bindparam("site_"), "")
    this = update(schema.model).where(model.key == bindparam("key_"))
    return this.values(licence=bindparam("licence_"), site=func.coalesce(told, model.site))


@cache
def _insert() -> Executable:
    return insert(schema.metadata)


def _unknown(model_key: str) -> UnknownMetadataException:
    return UnknownMetadataException(
        f"The model {model_key!r} has no metadata",
        hint="Metadata comes from the site a model was installed from.",
    )

"""Whole records in a database: existence, adding and deleting."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, bindparam, delete, insert, select

from modelkeep.errors import UnknownModelException
from modelkeep.records.sql import schema
from modelkeep.records.sql.database import Transaction
from modelkeep.records.sql.files import forget_files
from modelkeep.records.sql.tags import put_tags

_model = schema.model.c


def is_known(transaction: Transaction, key: str) -> bool:
    """Tell whether there is a record under this key."""
    return bool(transaction.rows(_known_key(), {"key_": key}))


def require(transaction: Transaction, key: str) -> None:
    """Raise unless there is a record under this key.

    Raises:
        UnknownModelException: there is none.
    """
    if not is_known(transaction, key):
        raise unknown_model(key)


def unknown_model(key: str) -> UnknownModelException:
    """Return the error for a key without a record."""
    return UnknownModelException(
        f"No model with the key {key!r}", hint="List the models with: modelkeep list"
    )


def forget_model(transaction: Transaction, key: str) -> None:
    """Remove a record, its files, metadata and tags, and the tags that no other record has.

    Raises:
        UnknownModelException: there is none.
    """
    # One by one: on a lent connection foreign keys may be off.
    put_tags(transaction, key, (), "site")
    put_tags(transaction, key, (), "hand")
    transaction.change(_delete_metadata(), {"key_": key})
    forget_files(transaction, key)
    if not transaction.change(_delete(), {"key_": key}):
        raise unknown_model(key)


@cache
def insert_model() -> Insert:
    """Return the statement that adds rows of records."""
    return insert(schema.model)


@cache
def _known_key() -> Select[Any]:
    return select(_model.key).where(_model.key == bindparam("key_"))


@cache
def _delete_metadata() -> Delete:
    return delete(schema.metadata).where(schema.metadata.c.model_key == bindparam("key_"))


@cache
def _delete() -> Delete:
    return delete(schema.model).where(_model.key == bindparam("key_"))

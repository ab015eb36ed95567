"""``SqlPart``: what the parts of ``ModelRecordServiceSQL`` share."""

from __future__ import annotations

from sqlalchemy import ClauseElement, bindparam, select

from modelkeep.core.roots import Roots
from modelkeep.errors import UnknownModelException
from modelkeep.records.sql import schema
from modelkeep.records.sql.rows import RecordReader
from modelkeep.records.sql.transactions import Transactions, Work

_model = schema.model.c


class SqlPart:
    """The database, and how records are read from it."""

    roots: Roots
    _transactions: Transactions
    _reader: RecordReader

    @staticmethod
    def _require(work: Work, key: str) -> None:
        if not work.ask("key", _known_key, {"key_": key}):
            raise unknown(key)


def unknown(key: str) -> UnknownModelException:
    """Return the error for a key without a record."""
    return UnknownModelException(
        f"There is no model with the key {key!r}", hint="modelkeep list shows what is there."
    )


def _known_key() -> ClauseElement:
    return select(_model.key).where(_model.key == bindparam("key_"))

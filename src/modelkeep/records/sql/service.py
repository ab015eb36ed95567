"""``ModelRecordServiceSQL``: the catalogue in a SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import ClauseElement, ColumnElement, bindparam, delete, func, insert, select, update

from modelkeep.core.configs import (
    AnyModelConfig,
    ModelConfigBase,
    ModelConfigFactory,
)
from modelkeep.core.files import ModelFile
from modelkeep.core.summary import ModelSummary
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRecordOrderBy,
    ModelType,
    RecordState,
)
from modelkeep.records.changes import changed_config
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.listing import NewRecord
from modelkeep.records.places import place_of
from modelkeep.records.service import ModelRecordServiceBase, PaginatedResults
from modelkeep.records.sql import queries, rows, schema
from modelkeep.records.sql.files import SqlFiles, add_files, refuse_owned, replace_files
from modelkeep.records.sql.metadata import (
    ModelMetadataStore,
    add_first_metadata,
    forget_metadata,
    keys_with_tags,
    put_tags,
    tags_of,
)
from modelkeep.records.sql.part import unknown
from modelkeep.records.sql.search import SqlSearch
from modelkeep.records.sql.taken import refuse_taken
from modelkeep.records.sql.transactions import ConnectionHolder, Transactions, Work

_model = schema.model.c


@dataclass(frozen=True, slots=True)
class LentConnection:
    """A connection that somebody else opened and will close.

    Attributes:
        conn: The connection.
        lock: What guards it; taken once for each call, so it need not be reentrant.
    """

    conn: sqlite3.Connection
    lock: AbstractContextManager[Any]


class ModelRecordServiceSQL(SqlFiles, SqlSearch, ModelRecordServiceBase):
    """Records in a SQLite database.

    Args:
        db: A ``SqliteDatabase``, or any object with ``conn`` and ``lock``: then the connection
            is a lent one, whose transactions and settings are left alone. Our tables are made
            when they are not there.

    Raises:
        DatabaseError: the database cannot be used.
    """

    def __init__(self, db: ConnectionHolder) -> None:
        self._db = db
        self._transactions = Transactions(db)
        self._reader = rows.RecordReader(self._transactions.name)
        self._metadata_store = ModelMetadataStore(db)
        self._opened: SqliteDatabase | None = None

    @classmethod
    def from_connection(cls, conn: sqlite3.Connection, lock: AbstractContextManager[Any]) -> Self:
        """Keep the records in a database that somebody else has opened.

        Args:
            conn: Its connection.
            lock: What guards it.
        """
        return cls(LentConnection(conn, lock))

    @classmethod
    def from_db_file(cls, path: Path | str) -> Self:
        """Open a catalogue, whatever its suffix; ``close`` closes it."""
        db = SqliteDatabase(Path(path))
        try:
            service = cls(db)
        except BaseException:
            db.close()
            raise
        service._opened = db
        return service

    @property
    def db(self) -> ConnectionHolder:
        """What the service was made on."""
        return self._db

    @property
    def metadata_store(self) -> ModelMetadataStore:
        """The metadata of the same database."""
        return self._metadata_store

    def close(self) -> None:
        """Close the file, if this service opened it."""
        if self._opened is not None:
            self._opened.close()

    # -- writing

    def add_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        files: Iterable[ModelFile] = (),
    ) -> AnyModelConfig:
        """Store a new record, and the files that it owns, in one transaction."""
        made: ModelConfigBase = ModelConfigFactory.make_config(config, key=key)
        return self.add_models([NewRecord(key, made, tuple(files))])[0]

    def add_models(self, records: Iterable[NewRecord]) -> list[AnyModelConfig]:
        """Store many new records in one transaction: all of them, or none."""
        listed, added, new_rows = list(records), [], []
        for record in listed:
            place = place_of(self.roots, record.config)
            new: Any = record.config.model_copy(update={"key": record.key, "root": place[0]})
            row = rows.model_row(new, place)
            added.append(new)
            new_rows.append({**row, "created_at": row["updated_at"]})
        with self._transactions.writing() as work:
            refuse_taken(work, self.roots, added)
            refuse_owned(work, self.roots, (file for record in listed for file in record.files))
            work.run_many("add models", lambda: insert(schema.model), new_rows)
            add_files(work, self.roots, ((record.key, record.files) for record in listed))
            for record in listed:
                if record.metadata is not None:
                    add_first_metadata(work, record.key, record.metadata)
                if record.tags:
                    put_tags(work, record.key, record.tags)
        return added

    def update_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        *,
        files: Iterable[ModelFile] | None = None,
    ) -> AnyModelConfig:
        """Change a record, all of it at once; its key stays."""
        with self._transactions.writing() as work:
            old = self._config(work, key)
            new: Any = changed_config(old, config)
            if new.path == old.path:
                new = new.model_copy(update={"root": old.root})
            place = place_of(self.roots, new)
            new = new.model_copy(update={"root": place[0]})
            refuse_taken(work, self.roots, [new], is_known=True)
            row = rows.model_row(new, place)
            work.run(update(schema.model).where(_model.key == key).values(row))
            if files is not None:
                replace_files(work, self.roots, key, list(files))
        result: AnyModelConfig = new
        return result

    def set_states(self, states: Mapping[str, RecordState]) -> None:
        """Note what was seen of the files of some records; keys without a record are skipped."""
        seen = [{"key_": key, "state_": RecordState(state)} for key, state in states.items()]
        with self._transactions.writing() as work:
            work.run_many("set states", _set_state, seen)

    def del_model(self, key: str) -> None:
        """Forget a record, its files, metadata and tags; nothing on the disk is touched."""
        with self._transactions.writing() as work:
            # One by one: on a lent connection foreign keys may be off.
            forget_metadata(work, key)
            work.run(delete(schema.file).where(schema.file.c.model_key == key))
            work.run(delete(schema.model).where(_model.key == key))
            if not work.changed:
                raise unknown(key)

    # -- finding

    def get_model(self, key: str) -> AnyModelConfig:
        """Return a record."""
        with self._transactions.reading() as work:
            return self._config(work, key)

    def exists(self, key: str) -> bool:
        """Tell whether there is a record under this key."""
        with self._transactions.reading() as work:
            return bool(work.ask("record", _record, {"key_": key}))

    def created_at(self, key: str) -> float:
        """Return when a record was added, seconds since the epoch."""
        with self._transactions.reading() as work:
            found = work.run(select(_model.created_at).where(_model.key == key))
        if not found:
            raise unknown(key)
        return float(found[0][0])

    def keys_with_prefix(self, prefix: str, limit: int = 2) -> list[str]:
        """Return at most ``limit`` keys that begin with ``prefix``, sorted."""
        begins = func.substr(_model.key, 1, len(prefix)) == prefix
        statement = select(_model.key).where(_model.key >= prefix, begins)
        with self._transactions.reading() as work:
            found = work.run(statement.order_by(_model.key).limit(max(limit, 0)))
        return [key for (key,) in found]

    def search_by_path(self, path: Path | str) -> list[AnyModelConfig]:
        """Return the records with exactly this path; no links are followed."""
        return self._configs(queries.lies_at(self.roots, str(path)))

    def search_by_hash(self, hash: str) -> list[AnyModelConfig]:  # noqa: A002 - the seed's name
        """Return the records with this ``original_hash``."""
        return self._configs(_model.original_hash == hash)

    def search_by_attr(
        self,
        model_name: str | None = None,
        base_model: BaseModelType | None = None,
        model_type: ModelType | None = None,
        model_format: ModelFormat | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit all the arguments that are given."""
        wanted = (
            (_model.base, base_model),
            (_model.type, model_type),
            (_model.format, model_format),
        )
        conditions = [column == value for column, value in wanted if value is not None]
        if model_name is not None:
            # The index is of folded names.
            conditions += [
                _model.sort_name == rows.folded(model_name),
                _model.name == model_name,
            ]
        return self._configs(*conditions)

    def search_by_metadata_tag(self, tags: Iterable[str]) -> list[AnyModelConfig]:
        """Return the records that have all of these tags; none when no tag is given."""
        return self._configs(_model.key.in_(keys_with_tags(tags)))

    def list_models(
        self,
        page: int = 0,
        per_page: int = 10,
        order_by: ModelRecordOrderBy = ModelRecordOrderBy.Default,
    ) -> PaginatedResults[ModelSummary]:
        """Return one page of summaries."""
        statement = queries.page_of_summaries(page, per_page, order_by)
        with self._transactions.reading() as work:
            total = work.run(select(func.count()).select_from(schema.model))[0][0]
            found = work.run(statement)
            tags = tags_of(work, [row[0] for row in found])
        configs = [self._reader.read(row, self.roots) for row in found]
        items = [ModelSummary.of(config, tags.get(config.key, set())) for config in configs]
        pages = -(-total // per_page)
        return PaginatedResults[ModelSummary](
            page=page, pages=pages, per_page=per_page, total=total, items=items
        )

    # -- plumbing

    def _configs(self, *conditions: ColumnElement[bool]) -> list[AnyModelConfig]:
        with self._transactions.reading() as work:
            found = work.run(queries.records_where(*conditions))
        return [self._reader.read(row, self.roots) for row in found]

    def _config(self, work: Work, key: str) -> AnyModelConfig:
        found = work.ask("record", _record, {"key_": key})
        if not found:
            raise unknown(key)
        return self._reader.read(found[0], self.roots)


def _record() -> ClauseElement:
    return select(*rows.RECORD_COLUMNS).where(_model.key == bindparam("key_"))


def _set_state() -> ClauseElement:
    this = (_model.key == bindparam("key_")) & (_model.state != bindparam("state_"))
    return update(schema.model).where(this).values(state=bindparam("state_"))

"""``ModelRecordServiceSQL``: the catalogue in a SQLite database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, delete, func, insert, or_, select, update

from modelkeep.core.configs import (
    AnyModelConfig,
    ModelConfigBase,
    ModelConfigFactory,
)
from modelkeep.core.files import ModelFile
from modelkeep.core.summary import ModelSummary
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelRecordOrderBy, ModelType
from modelkeep.errors import DuplicateModelException, UnknownModelException
from modelkeep.records import queries, rows, schema
from modelkeep.records.base import ModelRecordServiceBase, PaginatedResults
from modelkeep.records.database import SqliteDatabase
from modelkeep.records.listing import SearchOrder
from modelkeep.records.metadata import (
    ModelMetadataStore,
    forget_metadata,
    keys_with_tags,
    tags_of,
)
from modelkeep.records.transactions import ConnectionHolder, Transactions, Work

_model, _file = schema.model.c, schema.file.c


@dataclass(frozen=True, slots=True)
class LentConnection:
    """A connection that somebody else opened and will close.

    Attributes:
        conn: The connection.
        lock: What guards it; taken once for each call, so it need not be reentrant.
    """

    conn: sqlite3.Connection
    lock: AbstractContextManager[Any]


class ModelRecordServiceSQL(ModelRecordServiceBase):
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
        made = ModelConfigFactory.make_config(config, key=key)
        new: AnyModelConfig = made.model_copy(update={"key": key})
        row = rows.model_row(new)
        owned = list(files)
        with self._transactions.writing() as work:
            _refuse_taken(work, new, or_(_model.key == key, _model.path == new.path))
            work.run(insert(schema.model).values(**row, created_at=row["updated_at"]))
            _add_files(work, key, owned)
        return new

    def update_model(self, key: str, config: ModelConfigBase | Mapping[str, Any]) -> AnyModelConfig:
        """Change a record; its key and its files stay."""
        with self._transactions.writing() as work:
            new: Any = rows.changed_config(self._config(work, key), config)
            _refuse_taken(work, new, (_model.path == new.path) & (_model.key != key))
            work.run(update(schema.model).where(_model.key == key).values(rows.model_row(new)))
        result: AnyModelConfig = new
        return result

    def del_model(self, key: str) -> None:
        """Forget a record, its files, metadata and tags; nothing on the disk is touched."""
        with self._transactions.writing() as work:
            # One by one: on a lent connection foreign keys may be off.
            forget_metadata(work, key)
            work.run(delete(schema.file).where(_file.model_key == key))
            work.run(delete(schema.model).where(_model.key == key))
            if not work.changed:
                raise _unknown(key)

    # -- finding

    def get_model(self, key: str) -> AnyModelConfig:
        """Return a record."""
        with self._transactions.reading() as work:
            return self._config(work, key)

    def exists(self, key: str) -> bool:
        """Tell whether there is a record under this key."""
        with self._transactions.reading() as work:
            return bool(work.run(select(_model.key).where(_model.key == key)))

    def created_at(self, key: str) -> float:
        """Return when a record was added, seconds since the epoch."""
        with self._transactions.reading() as work:
            found = work.run(select(_model.created_at).where(_model.key == key))
        if not found:
            raise _unknown(key)
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
        return self._configs(queries.records_where(_model.path == str(path)))

    def search_by_hash(self, hash: str) -> list[AnyModelConfig]:  # noqa: A002 - the seed's name
        """Return the records with this ``original_hash``."""
        return self._configs(queries.records_where(_model.original_hash == hash))

    def search_by_attr(
        self,
        model_name: str | None = None,
        base_model: BaseModelType | None = None,
        model_type: ModelType | None = None,
        model_format: ModelFormat | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit all the arguments that are given."""
        wanted = (
            (_model.name, model_name),
            (_model.base, base_model),
            (_model.type, model_type),
            (_model.format, model_format),
        )
        conditions = [column == value for column, value in wanted if value is not None]
        return self._configs(queries.records_where(*conditions))

    def search_by_metadata_tag(self, tags: Iterable[str]) -> list[AnyModelConfig]:
        """Return the records that have all of these tags; none when no tag is given."""
        return self._configs(queries.records_where(_model.key.in_(keys_with_tags(tags))))

    def search(
        self,
        *,
        text: str | None = None,
        types: Sequence[ModelType | str] = (),
        bases: Sequence[BaseModelType | str] = (),
        formats: Sequence[ModelFormat | str] = (),
        tags: Iterable[str] = (),
        order: SearchOrder = "name",
        limit: int | None = None,
    ) -> list[AnyModelConfig]:
        """Return the records that fit everything that is given."""
        choices = {"type": types, "base": bases, "format": formats}
        return self._configs(queries.search(text, choices, tags, order, limit))

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
        items = [
            ModelSummary(
                key=key,
                type=type_,
                base=base,
                format=form,
                name=name,
                description=description or "",
                tags=tags.get(key, set()),
            )
            for key, type_, base, form, name, description in found
        ]
        pages = -(-total // per_page)
        return PaginatedResults[ModelSummary](
            page=page, pages=pages, per_page=per_page, total=total, items=items
        )

    # -- files

    def files(self, key: str) -> list[ModelFile]:
        """Return the files that a record owns, sorted by path."""
        statement = select(*rows.FILE_COLUMNS).where(_file.model_key == key)
        with self._transactions.reading() as work:
            found = work.run(statement.order_by(_file.root, _file.path))
            if not found:
                self._require(work, key)
        return [rows.read_file(row) for row in found]

    def set_files(self, key: str, files: Iterable[ModelFile]) -> None:
        """Replace the files that a record owns."""
        owned = list(files)
        with self._transactions.writing() as work:
            self._require(work, key)
            work.run(delete(schema.file).where(_file.model_key == key))
            _add_files(work, key, owned)

    def set_file_hashes(
        self,
        key: str,
        path: str,
        *,
        sha256: str | None = None,
        blake3: str | None = None,
        hashed_at: float | None = None,
    ) -> None:
        """Note full hashes of one file; those that are None stay as they were."""
        known = {"sha256": sha256, "blake3": blake3}
        values: dict[str, Any] = {name: value for name, value in known.items() if value}
        values["hashed_at"] = time.time() if hashed_at is None else hashed_at
        this = (_file.model_key == key) & (_file.path == path)
        with self._transactions.writing() as work:
            self._require(work, key)
            work.run(update(schema.file).where(this).values(values))
            if not work.changed:
                raise UnknownModelException(
                    f"The model {key!r} has no file {path!r}",
                    hint="modelkeep show lists the files of a model.",
                )

    def find_files(
        self, *, size: int | None = None, blake3: str | None = None, sha256: str | None = None
    ) -> list[tuple[str, ModelFile]]:
        """Return (key, file) of the files that fit everything that is given."""
        statement = select(_file.model_key, *rows.FILE_COLUMNS).order_by(_file.root, _file.path)
        for column, value in ((_file.size, size), (_file.blake3, blake3), (_file.sha256, sha256)):
            if value is not None:
                statement = statement.where(column == value)
        with self._transactions.reading() as work:
            found = work.run(statement)
        return [(key, rows.read_file(tuple(row))) for key, *row in found]

    # -- plumbing

    def _configs(self, statement: Select[tuple[str]]) -> list[AnyModelConfig]:
        with self._transactions.reading() as work:
            found = work.run(statement)
        return [rows.read_config(text, self._transactions.name) for (text,) in found]

    def _config(self, work: Work, key: str) -> AnyModelConfig:
        found = work.run(select(_model.config).where(_model.key == key))
        if not found:
            raise _unknown(key)
        return rows.read_config(found[0][0], self._transactions.name)

    @staticmethod
    def _require(work: Work, key: str) -> None:
        if not work.run(select(_model.key).where(_model.key == key)):
            raise _unknown(key)


def _refuse_taken(work: Work, new: ModelConfigBase, taken: ColumnElement[bool]) -> None:
    """Raise if another record has the key or the path of ``new``."""
    for key, path, name in work.run(select(_model.key, _model.path, _model.name).where(taken)):
        if key == new.key and path != new.path:
            reason = f"The key {key!r} is taken by {name!r} at {path}"
        else:
            reason = f"The path {path} is recorded already, for {name!r} (key {key})"
        raise DuplicateModelException(
            f"{reason}; {new.name!r} was not stored",
            hint=f"See it with: modelkeep show {key}",
        )


def _add_files(work: Work, key: str, files: Sequence[ModelFile]) -> None:
    for file in files:
        place = (_file.root == file.root) & (_file.path == file.path)
        owners = work.run(select(_file.model_key).where(place))
        if owners:
            raise DuplicateModelException(
                f"The file {file.path} belongs to the model {owners[0][0]} already",
                hint=f"See it with: modelkeep show {owners[0][0]}",
            )
        work.run(insert(schema.file).values(rows.file_row(key, file)))


def _unknown(key: str) -> UnknownModelException:
    return UnknownModelException(
        f"There is no model with the key {key!r}", hint="modelkeep list shows what is there."
    )

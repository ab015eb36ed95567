"""``SqlRecords``: a catalogue in any database; ``ModelRecordServiceSQL``: one in SQLite."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    bindparam,
    func,
    select,
    tuple_,
    update,
)

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.summary import ModelSummary
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRecordOrderBy,
    ModelType,
    RecordState,
)
from modelkeep.errors import UsageError
from modelkeep.records.changes import changed_config
from modelkeep.records.dialects.sqlite import ConnectionHolder, SqliteDatabase
from modelkeep.records.facts import LOADED
from modelkeep.records.listing import (
    FacetName,
    Facets,
    JsonPage,
    KindTotal,
    NewRecord,
    RecordFilter,
    RecordNote,
    RecordPage,
    SearchOrder,
)
from modelkeep.records.places import placed, possible_places
from modelkeep.records.service import ModelRecordServiceBase, PaginatedResults
from modelkeep.records.sql import facets, files, notes, packed, rows, schema, search, whole_list
from modelkeep.records.sql.database import RecordDatabase, Row, Transaction
from modelkeep.records.sql.files import replace_files
from modelkeep.records.sql.metadata import (
    ModelMetadataStore,
    add_first_metadata,
    database_of,
    given_by_hand,
    site_told,
)
from modelkeep.records.sql.models import (
    forget_model,
    insert_model,
    is_known,
    require,
    unknown_model,
)
from modelkeep.records.sql.owners import refuse_owned, refuse_taken
from modelkeep.records.sql.tags import put_tags, tags_of, with_tags
from modelkeep.records.versions import refuse_stale

if TYPE_CHECKING:
    from modelkeep.records.dialects.sqlite_engine import SqliteConnection

_model = schema.model.c

_BY_NAME = (_model.sort_name, _model.name, _model.key)
_DEFAULT_ORDER = (_model.type, _model.base, _model.format, *_BY_NAME)
_PAGE_ORDERS: dict[ModelRecordOrderBy, tuple[ColumnElement[Any], ...]] = {
    ModelRecordOrderBy.Default: (),
    ModelRecordOrderBy.Type: (_model.type,),
    ModelRecordOrderBy.Base: (_model.base,),
    ModelRecordOrderBy.Name: (_model.sort_name,),
    ModelRecordOrderBy.Format: (_model.format,),
}


@dataclass(frozen=True, slots=True)
class LentConnection:
    """A connection that the caller opened and will close.

    Attributes:
        lock: What guards it; taken once for each call, so it need not be reentrant.
    """

    conn: SqliteConnection
    lock: AbstractContextManager[Any]


class SqlRecords(ModelRecordServiceBase):
    """Records in a database."""

    def __init__(self, database: RecordDatabase) -> None:
        self._database = database
        self._reader = rows.RecordReader(database.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database.name!r})"

    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process."""
        return self._database.change_counter()

    @property
    def never_waits(self) -> bool:
        """Whether pages and ``change_counter`` never wait for those who write."""
        return self._database.never_waits

    # -- writing

    def add_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        files: Iterable[ModelFile] = (),
    ) -> AnyModelConfig:
        """Store a new record, and the files that it owns, in one transaction."""
        made: ModelConfigBase = ModelConfigFactory.make_config(config, key=key)
        if isinstance(config, ModelConfigBase):
            made = ModelConfigFactory.storable(made)
        return self.add_models([NewRecord(key, made, tuple(files))])[0]

    def add_models(self, records: Iterable[NewRecord]) -> list[AnyModelConfig]:
        """Store many new records in one transaction: all of them, or none."""
        listed, added, new_rows = list(records), [], []
        for record in listed:
            config = record.config
            if type(config) not in ModelConfigFactory.CLASSES:
                config = ModelConfigFactory.storable(config)
            new, place = placed(self.roots, config.model_copy(update={"key": record.key}))
            row = rows.model_row(new, place)
            added.append(new)
            since = row["updated_at"] if record.created_at is None else record.created_at
            new_rows.append({**row, "created_at": since})
        with self._database.writing() as transaction:
            refuse_taken(transaction, self.roots, added)
            owned = [(record.key, record.files) for record in listed]
            refuse_owned(transaction, self.roots, (file for _, some in owned for file in some))
            transaction.change_many(insert_model(), new_rows)
            files.add_files(transaction, self.roots, owned)
            for record in listed:
                if record.metadata is not None:
                    add_first_metadata(transaction, record.key, record.metadata)
                if record.tags:
                    put_tags(transaction, record.key, given_by_hand(record.tags), "hand")
        return added

    def update_model(
        self,
        key: str,
        config: ModelConfigBase | Mapping[str, Any],
        *,
        files: Iterable[ModelFile] | None = None,
        seen: frozenset[str] | None = None,
    ) -> AnyModelConfig:
        """Change a record, all of it at once; its key stays."""
        with self._database.writing() as transaction:
            old = self._config(transaction, key)
            if seen is not None:
                stored = transaction.rows(_record(), {"key_": key})[0]
                refuse_stale(key, self._reader.read_json(stored, self.roots), seen)
            new: Any = changed_config(old, config)
            if new.path == old.path:
                new = new.model_copy(update={"root": old.root})
            new, place = placed(self.roots, new)
            refuse_taken(transaction, self.roots, [new], is_known=True)
            row = rows.model_row(new, place)
            row["site"] = site_told(key, row["site"])
            transaction.change(update(schema.model).where(_model.key == key).values(row))
            if files is not None:
                replace_files(transaction, self.roots, key, list(files))
        result: AnyModelConfig = new
        return result

    def set_states(self, states: Mapping[str, RecordState]) -> None:
        """Note what was seen of the files of some records; keys without a record are skipped."""
        seen = [{"key_": key, "state_": RecordState(state).value} for key, state in states.items()]
        with self._database.writing() as transaction:
            transaction.change_many(_set_state(), seen)

    def note_loaded(self, times: Mapping[str, float]) -> None:
        """Note when some models were loaded; keys without a record are skipped."""
        seen = [{"key_": key, "at_": when} for key, when in times.items()]
        with self._database.writing() as transaction:
            transaction.change_many(_set_loaded(), seen)

    def del_model(self, key: str) -> None:
        """Forget a record, its files, metadata and tags; nothing on the disk is touched."""
        with self._database.writing() as transaction:
            forget_model(transaction, key)

    # -- finding

    def get_model(self, key: str) -> AnyModelConfig:
        """Return a record."""
        return self._only(key, self._database.lookup(_record(), {"key_": key}))

    def exists(self, key: str) -> bool:
        """Tell whether there is a record under this key."""
        with self._database.reading() as transaction:
            return is_known(transaction, key)

    def created_at(self, key: str) -> float:
        """Return when a record was added, seconds since the epoch."""
        with self._database.reading() as transaction:
            found = transaction.rows(select(_model.created_at).where(_model.key == key))
        if not found:
            raise unknown_model(key)
        return float(found[0][0])

    def notes_on(self, keys: Collection[str]) -> Mapping[str, RecordNote]:
        """Return what lists show beside these records; those that are not there are left out."""
        with self._database.reading() as transaction:
            return notes.notes_on(transaction, keys)

    def loaded_at(self, key: str) -> float | None:
        """Return when a model was last loaded, seconds since the epoch; None for never."""
        with self._database.reading() as transaction:
            found = transaction.rows(select(_model.loaded_at).where(_model.key == key))
        if not found:
            raise unknown_model(key)
        return None if found[0][0] is None else float(found[0][0])

    def keys_with_prefix(self, prefix: str, limit: int = 2) -> list[str]:
        """Return at most ``limit`` keys that begin with ``prefix``, sorted."""
        begins = func.substr(_model.key, 1, len(prefix)) == prefix
        statement = select(_model.key).where(_model.key >= prefix, begins)
        with self._database.reading() as transaction:
            found = transaction.rows(statement.order_by(_model.key).limit(max(limit, 0)))
        return [key for (key,) in found]

    def search_by_path(self, path: Path | str) -> list[AnyModelConfig]:
        """Return the records with exactly this path; no links are followed."""
        places = possible_places(self.roots, str(path))
        return self._configs(tuple_(_model.root, _model.path).in_(places))

    def search_by_hash(self, hash: str) -> list[AnyModelConfig]:  # noqa: A002 - the specification's name
        """Return the records with this ``original_hash``."""
        return self._configs(_model.original_hash == hash)

    def search_by_source(self, start: str) -> list[AnyModelConfig]:
        """Return the records whose source begins with ``start``, found by the index."""
        return self._configs(_model.source >= start, _model.source < f"{start}\U0010ffff")

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
        with self._database.reading() as transaction:
            keys = with_tags(transaction.dialect, tags)
            found = transaction.rows(_records_where(_model.key.in_(keys)))
        return self._read(found)

    def list_models(
        self,
        page: int = 0,
        per_page: int = 10,
        order_by: ModelRecordOrderBy = ModelRecordOrderBy.Default,
    ) -> PaginatedResults[ModelSummary]:
        """Return one page of summaries."""
        if page < 0 or per_page < 1:
            raise UsageError(
                f"Invalid page {page} of {per_page} models",
                hint="Pages start at 0 and have at least 1 model.",
            )
        values = {"limit_": per_page, "offset_": page * per_page}
        with self._database.reading() as transaction:
            total = transaction.rows(_total())[0][0]
            found = transaction.rows(_page_of_summaries(ModelRecordOrderBy(order_by)), values)
            tags = tags_of(transaction, [row[0] for row in found])
        items = [ModelSummary.of(c, tags.get(c.key, set())) for c in self._read(found)]
        pages = -(-total // per_page)
        return PaginatedResults[ModelSummary](
            page=page, pages=pages, per_page=per_page, total=total, items=items
        )

    # -- lists

    def page(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> RecordPage:
        """Return the first records of a filtered and sorted set, or the next ones."""
        found, following = self._page(where, order, limit, after)
        return RecordPage(self._read(found), following)

    def page_json(
        self,
        where: RecordFilter,
        *,
        order: SearchOrder = "name",
        limit: int = 50,
        after: str | None = None,
    ) -> JsonPage:
        """Return the same page as ``page``, as JSON; no record is made of what is stored."""
        _refuse_limit(limit)
        search.refuse_order(order)
        if self.never_waits and order != "relevance":
            query = packed.PageQuery(where, order, limit, after)
            if (whole := packed.page(self._database, query, self.roots)) is not None:
                return whole
        found, following = self._page(where, order, limit, after)
        return JsonPage(self._reader.read_all_json(found, self.roots), following)

    def walks(self, where: RecordFilter, order: SearchOrder) -> bool:
        """Tell whether an index lists exactly these records in this order."""
        search.refuse_order(order)
        return search.walks(where, order, self._database.dialect)

    def get_json(self, key: str) -> bytes:
        """Return a record as JSON."""
        found = self._database.lookup(_record(), {"key_": key})
        if not found:
            raise unknown_model(key)
        return self._reader.read_json(found[0], self.roots)

    def each_json(self, where: RecordFilter, *, name: str | None = None) -> Iterator[bytes]:
        """Give all records that match as JSON, sorted by type, base, format and name."""
        last: Row | None = None
        while True:
            with self._database.reading() as transaction:
                found = whole_list.next_rows(transaction, where, name, last)
            read = (row[: len(rows.RECORD_COLUMNS)] for row in found)
            yield from self._reader.read_all_json(read, self.roots)
            if len(found) < whole_list.BATCH:
                return
            last = found[-1]

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
        where = RecordFilter(text or "", tuple(types), tuple(bases), tuple(formats), tuple(tags))
        search.refuse_order(order)
        most = search.ALL if limit is None else max(limit, 0)
        with self._database.reading() as transaction:
            found, _ = search.page(transaction, where, order, most, None)
        return self._read(found)

    def count(self, where: RecordFilter) -> int:
        """Return how many records match the filter."""
        with self._database.reading() as transaction:
            return search.count(transaction, where)

    def totals(self) -> list[KindTotal]:
        """Count all records and sum their sizes, by type and base."""
        with self._database.reading() as transaction:
            return facets.totals(transaction)

    def facets(
        self,
        where: RecordFilter,
        names: Iterable[FacetName] = ("type", "base", "format", "tag", "root", "state"),
    ) -> Facets:
        """Count the values that occur in a filtered set."""
        wanted = list(names)
        for name in wanted:
            search.refuse_facet(name)
        with self._database.reading() as transaction:
            return facets.counted(transaction, where, wanted)

    # -- files

    def files(self, key: str) -> list[ModelFile]:
        """Return the files that a record owns, sorted by path."""
        with self._database.reading() as transaction:
            found = files.files_of(transaction, key)
            if not found:
                require(transaction, key)
        return [rows.read_file(row, self.roots) for row in found]

    def set_files(self, key: str, files: Iterable[ModelFile]) -> None:
        """Replace the files that a record owns."""
        owned = list(files)
        with self._database.writing() as transaction:
            require(transaction, key)
            replace_files(transaction, self.roots, key, owned)

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
        with self._database.writing() as transaction:
            require(transaction, key)
            files.note_hashes(transaction, self.roots, key, path, values)

    def find_files(
        self, *, size: int | None = None, blake3: str | None = None, sha256: str | None = None
    ) -> list[tuple[str, ModelFile]]:
        """Return (key, file) of the files that fit everything that is given."""
        asked = {"size": size, "blake3": blake3, "sha256": sha256}
        wanted = {name: value for name, value in asked.items() if value is not None}
        with self._database.reading() as transaction:
            found = files.find_files(transaction, wanted)
        return [(row[0], rows.read_file(row[1:], self.roots)) for row in found]

    def each_file(self, root: str | None = None) -> Iterator[tuple[str, ModelFile]]:
        """Give (key, file) of all files, sorted by root and path, without holding them all."""
        last: Row | None = None
        while True:
            with self._database.reading() as transaction:
                found = files.next_files(transaction, root, last)
            for row in found:
                yield row[0], rows.read_file(row[1:], self.roots)
            if len(found) < files.BATCH:
                return
            last = found[-1]

    def bytes_by_root(self) -> Mapping[str, int]:
        """Return the bytes of all files in each root that has some."""
        with self._database.reading() as transaction:
            return files.bytes_by_root(transaction)

    # -- plumbing

    def _page(
        self, where: RecordFilter, order: SearchOrder, limit: int, after: str | None
    ) -> tuple[list[Row], str | None]:
        _refuse_limit(limit)
        search.refuse_order(order)
        with self._database.reading() as transaction:
            return search.page(transaction, where, order, limit, after)

    def _configs(self, *conditions: ColumnElement[bool]) -> list[AnyModelConfig]:
        with self._database.reading() as transaction:
            found = transaction.rows(_records_where(*conditions))
        return self._read(found)

    def _config(self, transaction: Transaction, key: str) -> AnyModelConfig:
        return self._only(key, transaction.rows(_record(), {"key_": key}))

    def _only(self, key: str, found: Sequence[Row]) -> AnyModelConfig:
        if not found:
            raise unknown_model(key)
        return self._reader.read(found[0], self.roots)

    def _read(self, found: Iterable[Row]) -> list[AnyModelConfig]:
        return list(self._reader.read_all(found, self.roots))


class ModelRecordServiceSQL(SqlRecords):
    """Records in a SQLite database.

    Args:
        db: A ``SqliteDatabase``, or any object with ``conn`` and ``lock``: then the connection
            is a lent one, whose transactions and settings are left alone. Our tables are made
            when they are not there.

    Raises:
        DatabaseError: the database cannot be used.
    """

    def __init__(self, db: ConnectionHolder) -> None:
        super().__init__(database_of(db))
        self._db = db
        self._metadata_store = ModelMetadataStore(db)
        self._opened: SqliteDatabase | None = None

    @classmethod
    def from_connection(cls, conn: SqliteConnection, lock: AbstractContextManager[Any]) -> Self:
        """Keep the records in a database opened by the caller."""
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


def _refuse_limit(limit: int) -> None:
    if limit < 1:
        raise UsageError(f"Invalid limit: {limit} models", hint="A page has at least 1 model.")


@cache
def _set_state() -> Update:
    this = (_model.key == bindparam("key_")) & (_model.state != bindparam("state_"))
    return update(schema.model).where(this).values(state=bindparam("state_"))


@cache
def _set_loaded() -> Update:
    this = (_model.key == bindparam("key_")) & (
        func.coalesce(_model.loaded_at, 0.0) < bindparam("at_")
    )
    return update(schema.model).where(this).values(loaded_at=bindparam("at_"), used=LOADED)


@cache
def _record() -> Select[Any]:
    return select(*rows.RECORD_COLUMNS).where(_model.key == bindparam("key_"))


@cache
def _total() -> Select[Any]:
    return select(func.count()).select_from(schema.model)


@cache
def _page_of_summaries(order_by: ModelRecordOrderBy) -> Select[Any]:
    statement = select(*rows.RECORD_COLUMNS).order_by(*_PAGE_ORDERS[order_by], *_DEFAULT_ORDER)
    return statement.limit(bindparam("limit_")).offset(bindparam("offset_"))


def _records_where(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Find the records that fit all conditions, in the default order."""
    return select(*rows.RECORD_COLUMNS).where(*conditions).order_by(*_DEFAULT_ORDER)

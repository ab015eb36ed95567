"""``DocumentDatabase``: a YAML document as a database: its records in memory, as in any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, bindparam, column, select, table

from modelkeep.core.files import ModelFile
from modelkeep.core.roots import Roots
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.facts import LOADED, NEVER
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.database import RecordDatabase, Transaction, chunks
from modelkeep.records.sql.files import insert_file
from modelkeep.records.sql.metadata import add_first_metadata
from modelkeep.records.sql.models import forget_model, insert_model
from modelkeep.records.sql.tags import put_tags
from modelkeep.records.yaml.catalogue import Catalogue
from modelkeep.records.yaml.file import CatalogueFile
from modelkeep.records.yaml.record import StoredRecord, sorted_files

_model, _file, _metadata = schema.model.c, schema.file.c, schema.metadata.c
_tag, _model_tag = schema.tag.c, schema.model_tag.c
#: Records and files are kept as they are in the document: by the path below their root.
_NO_ROOTS = Roots()
_PATH = [column.name for column in rows.RECORD_COLUMNS].index("path")

#: Keys of the records that were changed in memory and not in the document yet.
_CHANGED = table("mk_changed", column("model_key"), column("rowid"))
_NOTE = """CREATE TRIGGER mk_changed_{event}_{table} AFTER {event} ON {table} BEGIN
    INSERT OR IGNORE INTO mk_changed VALUES ({row}.{key});
END"""
_NOTE_CHANGES = (
    "CREATE TABLE mk_changed (model_key TEXT PRIMARY KEY)",
    *(
        _NOTE.format(event=event, row=row, table=name, key=key)
        for name, key in (
            ("mk_model", "key"),
            ("mk_file", "model_key"),
            ("mk_metadata", "model_key"),
            ("mk_model_tag", "model_key"),
        )
        for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
    ),
)


class DocumentDatabase(RecordDatabase):
    """The records of a YAML document, in a database in memory that follows it.

    Each transaction looks first whether the document was changed, and loads what is new in it.
    What a transaction has changed is written to the document before it ends.

    Args:
        path: The document, which is made when it is not there.

    Raises:
        WrongDatabaseError: something else lies there.
        DatabaseError: it is broken, newer or locked.
    """

    def __init__(self, path: Path) -> None:
        self._document = CatalogueFile(path)
        self.name = self._document.name
        self._memory = SqliteDatabase()
        self._memory.name = self.name
        self.dialect = self._memory.dialect
        self._reader = rows.RecordReader(self.name)
        self._loaded: Catalogue | None = None
        for statement in _NOTE_CHANGES:
            self._memory.conn.execute(statement)

    def close(self) -> None:
        """Forget what is in memory; the document is only open while it is read or written."""
        self._memory.close()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Begin a transaction whose statements all see the same state."""
        with self._memory.lock:
            self._load()
            with self._memory.reading() as transaction:
                yield transaction

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Begin a transaction that is done completely, or rolled back on an error."""
        with self._memory.lock, self._document.alone():
            before = self._load()
            with self._memory.writing() as transaction:
                yield transaction
                after = before.with_changes(self._changes(transaction, before))
                if after.text != before.text:
                    self._document.write(after)
                    self._loaded = after

    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process."""
        with self._memory.lock:
            self._load()
            return self._memory.change_counter()

    def _load(self) -> Catalogue:
        """Bring the memory up to what is in the document."""
        catalogue = self._document.read()
        if catalogue is self._loaded:
            return catalogue
        before = self._loaded.records if self._loaded else {}
        now = catalogue.records
        changed = [record for key, record in now.items() if record is not before.get(key)]
        with self._memory.writing() as transaction:
            for key in (before.keys() - now.keys()) | {r.key for r in changed if r.key in before}:
                forget_model(transaction, key)
            _insert(transaction, changed, catalogue)
            transaction.change(_CHANGED.delete())
        self._loaded = catalogue
        return catalogue

    def _changes(
        self, transaction: Transaction, before: Catalogue
    ) -> dict[str, StoredRecord | None]:
        """Return what the transaction has changed, by key, in the order of the changes."""
        known = before.records
        changes: dict[str, StoredRecord | None] = {}
        keys = [key for (key,) in transaction.rows(_changed())]
        for some in chunks(keys):
            found = self._stored(transaction, some, before)
            changes |= {k: found.get(k) for k in some if found.get(k) != known.get(k)}
        if keys:
            transaction.change(_CHANGED.delete())
        return changes

    def _stored(
        self, transaction: Transaction, keys: Iterable[str], before: Catalogue
    ) -> dict[str, StoredRecord]:
        asked, known = {"keys_": list(keys)}, before.records
        files: dict[str, list[ModelFile]] = {}
        for key, path, *rest in transaction.rows(_files(), asked):
            file = rows.read_file((path, *rest), _NO_ROOTS)
            files.setdefault(key, []).append(replace(file, path=path))
        tags: dict[str, set[str]] = {}
        for key, text in transaction.rows(_hand_tags(), asked):
            tags.setdefault(key, set()).add(text)
        metadata = {
            key: rows.read_metadata(text, self.name)
            for key, text in transaction.rows(_metadatas(), asked)
        }
        found = {}
        for *row, loaded_at, created_at, updated_at in transaction.rows(_models(), asked):
            read: Any = self._reader.read(tuple(row), _NO_ROOTS)
            config = read.model_copy(update={"path": row[_PATH]})
            old = known.get(config.key)
            # A person need not have written these.
            is_bare = old is not None and old.created_at is None
            is_new = old is None or updated_at != before.updated_at(old)
            found[config.key] = StoredRecord(
                config=config,
                files=sorted_files(files.get(config.key, [])),
                tags=frozenset(tags.get(config.key, ())),
                metadata=metadata.get(config.key),
                loaded_at=loaded_at,
                created_at=None if is_bare else created_at,
                updated_at=updated_at if is_new or old is None else old.updated_at,
            )
        return found


def _insert(transaction: Transaction, records: list[StoredRecord], catalogue: Catalogue) -> None:
    """Store records that are in no row yet, as the document has them."""
    models, files = [], []
    for record in records:
        row = rows.model_row(record.config, record.place)
        times = (catalogue.created_at(record), catalogue.updated_at(record))
        used = {"loaded_at": record.loaded_at, "used": LOADED if record.loaded_at else NEVER}
        models.append({**row, **used, "created_at": times[0], "updated_at": times[1]})
        files += [rows.file_row(record.key, f, (f.root, f.path)) for f in record.files]
    transaction.change_many(insert_model(), models)
    transaction.change_many(insert_file(), files)
    for record in records:
        if record.metadata is not None:
            add_first_metadata(transaction, record.key, record.metadata)
        if record.tags:
            put_tags(transaction, record.key, record.tags, "hand")


@cache
def _changed() -> Select[Any]:
    return select(_CHANGED.c.model_key).order_by(_CHANGED.c.rowid)


@cache
def _models() -> Select[Any]:
    columns = (*rows.RECORD_COLUMNS, _model.loaded_at, _model.created_at, _model.updated_at)
    return select(*columns).where(_is_asked(_model.key))


@cache
def _files() -> Select[Any]:
    return select(_file.model_key, *rows.FILE_COLUMNS).where(_is_asked(_file.model_key))


@cache
def _metadatas() -> Select[Any]:
    columns = (_metadata.model_key, _metadata.metadata)
    return select(*columns).where(_is_asked(_metadata.model_key))


@cache
def _hand_tags() -> Select[Any]:
    found = select(_model_tag.model_key, _tag.text).join(schema.tag, _tag.id == _model_tag.tag_id)
    return found.where(_is_asked(_model_tag.model_key), _model_tag.origin == "hand")


def _is_asked(key: Column[str]) -> ColumnElement[bool]:
    return key.in_(bindparam("keys_", expanding=True))

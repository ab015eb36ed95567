"""The files of the records in a database, and the hashes known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    Delete,
    Insert,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from modelkeep.core.files import ModelFile
from modelkeep.core.roots import Roots
from modelkeep.errors import UnknownModelException
from modelkeep.records.places import place_of_file, possible_places
from modelkeep.records.sql import rows, schema
from modelkeep.records.sql.database import Row, Transaction
from modelkeep.records.sql.owners import refuse_owned

_file = schema.file.c
_COLUMNS = (_file.model_key, *rows.FILE_COLUMNS)

#: Rows that ``next_files`` reads at a time.
BATCH = 1000


def add_files(
    transaction: Transaction, roots: Roots, owned: Iterable[tuple[str, Sequence[ModelFile]]]
) -> None:
    """Store the files of some records, given by their keys."""
    new = [
        rows.file_row(key, file, place_of_file(roots, file))
        for key, files in owned
        for file in files
    ]
    transaction.change_many(insert_file(), new)


def replace_files(
    transaction: Transaction, roots: Roots, key: str, files: Sequence[ModelFile]
) -> None:
    """Let a record own these files and no others.

    Raises:
        DuplicateModelException: one of them belongs to another record.
    """
    forget_files(transaction, key)
    refuse_owned(transaction, roots, files)
    add_files(transaction, roots, [(key, files)])


def forget_files(transaction: Transaction, key: str) -> None:
    """Remove the files of a record."""
    transaction.change(_delete(), {"key_": key})


def files_of(transaction: Transaction, key: str) -> list[Row]:
    """Return the rows of ``FILE_COLUMNS`` of a record, sorted by root and path."""
    return transaction.rows(_files_of(), {"key_": key})


def note_hashes(
    transaction: Transaction, roots: Roots, key: str, path: str, values: dict[str, Any]
) -> None:
    """Change columns of one file.

    Raises:
        UnknownModelException: the record has no such file.
    """
    places = tuple_(_file.root, _file.path).in_(possible_places(roots, path))
    this = (_file.model_key == key) & or_(_file.path == path, places)
    if not transaction.change(update(schema.file).where(this).values(values)):
        raise UnknownModelException(
            f"The model {key!r} has no file {path!r}",
            hint="List the files of a model with: modelkeep show MODEL",
        )


def find_files(transaction: Transaction, wanted: dict[str, Any]) -> list[Row]:
    """Return rows of key and ``FILE_COLUMNS`` of the files with these values."""
    return transaction.rows(_with(tuple(wanted)), wanted)


def next_files(transaction: Transaction, root: str | None, after: Row | None) -> list[Row]:
    """Return the rows, like those of ``find_files``, that follow one, by root and path."""
    values: dict[str, Any] = {"limit_": BATCH}
    if root is not None:
        values["root_"] = root
    if after is not None:
        last = dict(zip((column.name for column in _COLUMNS), after, strict=True))
        values |= {"after_root": last["root"], "after_path": last["path"]}
    statement = _next(is_first=after is None, in_root=root is not None)
    return transaction.rows(statement, values)


def bytes_by_root(transaction: Transaction) -> dict[str, int]:
    """Return the bytes of all files in each root that has some."""
    found = transaction.rows(_sums())
    return {root: int(size) for root, size in found}


@cache
def _sums() -> Select[Any]:
    return select(_file.root, func.sum(_file.size)).group_by(_file.root)


@cache
def insert_file() -> Insert:
    """Return the statement that adds rows of files."""
    return insert(schema.file)


@cache
def _delete() -> Delete:
    return delete(schema.file).where(_file.model_key == bindparam("key_"))


@cache
def _files_of() -> Select[Any]:
    mine = _file.model_key == bindparam("key_")
    return select(*rows.FILE_COLUMNS).where(mine).order_by(_file.root, _file.path)


@cache
def _with(names: tuple[str, ...]) -> Select[Any]:
    fits = [_file[name] == bindparam(name) for name in names]
    return select(*_COLUMNS).where(*fits).order_by(_file.root, _file.path)


@cache
def _next(*, is_first: bool, in_root: bool) -> Select[Any]:
    statement = select(*_COLUMNS).order_by(_file.root, _file.path).limit(bindparam("limit_"))
    if in_root:
        statement = statement.where(_file.root == bindparam("root_"))
    if not is_first:
        after = tuple_(bindparam("after_root"), bindparam("after_path"))
        statement = statement.where(tuple_(_file.root, _file.path) > after)
    return statement

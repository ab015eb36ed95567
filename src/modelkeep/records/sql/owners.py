"""Owners of keys, paths and files: conflicts are refused before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Column, Select, Table, bindparam, select, tuple_

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.roots import Roots
from modelkeep.errors import DuplicateModelException
from modelkeep.records.places import Place, place_of, place_of_file, possible_places
from modelkeep.records.sql import schema
from modelkeep.records.sql.database import Transaction, chunks

_model, _file = schema.model.c, schema.file.c


def refuse_taken(
    transaction: Transaction,
    roots: Roots,
    records: Iterable[ModelConfigBase],
    *,
    is_known: bool = False,
) -> None:
    """Raise if a record, stored or among these, has the key or the path of one of these.

    Args:
        transaction: Looks.
        roots: The registered roots.
        records: What is to be stored.
        is_known: They are stored already, and only their paths may be taken.

    Raises:
        DuplicateModelException: this is so.
    """
    new = [(record, place_of(roots, record)) for record in records]
    wanted = [{place, *possible_places(roots, record.path)} for record, place in new]
    by_place = _by_place(transaction, _models_at(), {place for some in wanted for place in some})
    by_key = {} if is_known else _by_key(transaction, [record.key for record, _ in new])
    for (record, place), places in zip(new, wanted, strict=True):
        if owner := by_key.get(record.key):
            name, path = owner[0], roots.join(owner[1], owner[2])
            reason = f"The key {record.key!r} is taken by {name!r} at {path}"
            raise _duplicate(record, record.key, reason)
        for key, name in (by_place[found] for found in places if found in by_place):
            if not (is_known and key == record.key):
                reason = f"The path {record.path} is already recorded, for {name!r} (key {key})"
                raise _duplicate(record, key, reason)
        by_key[record.key] = (record.name, *place)
        by_place[place] = (record.key, record.name)


def refuse_owned(transaction: Transaction, roots: Roots, files: Iterable[ModelFile]) -> None:
    """Raise if one of the files belongs to a record already, or is among them twice.

    Raises:
        DuplicateModelException: this is so.
    """
    new = [(file, place_of_file(roots, file)) for file in files]
    owners = _by_place(transaction, _files_at(), {place for _, place in new})
    seen: set[Place] = set()
    for file, place in new:
        if place in owners:
            (key,) = owners[place]
            raise DuplicateModelException(
                f"The file {file.path} already belongs to the model {key}",
                hint=f"Show it with: {command('show', key)}",
            )
        if place in seen:
            raise DuplicateModelException(
                f"The file {file.path} is given twice", hint="Give it once."
            )
        seen.add(place)


def _duplicate(new: ModelConfigBase, key: str, reason: str) -> DuplicateModelException:
    return DuplicateModelException(
        f"{reason}; {new.name!r} was not stored", hint=f"Show it with: {command('show', key)}"
    )


def _by_key(transaction: Transaction, keys: list[str]) -> dict[str, tuple[str, str, str]]:
    return {
        key: (name, root, path)
        for some in chunks(keys)
        for key, name, root, path in transaction.rows(_models_called(), {"keys_": some})
    }


def _by_place(
    transaction: Transaction, statement: Select[Any], places: Iterable[Place]
) -> dict[Place, tuple[Any, ...]]:
    """Return the owners by their place, as the columns after root and path."""
    return {
        (root, path): tuple(owner)
        for some in chunks(list(places))
        for root, path, *owner in transaction.rows(statement, {"places_": some})
    }


@cache
def _models_called() -> Select[Any]:
    asked = _model.key.in_(bindparam("keys_", expanding=True))
    return select(_model.key, _model.name, _model.root, _model.path).where(asked)


@cache
def _models_at() -> Select[Any]:
    return _at(schema.model, _model.key, _model.name)


@cache
def _files_at() -> Select[Any]:
    return _at(schema.file, _file.model_key)


def _at(table: Table, *columns: Column[Any]) -> Select[Any]:
    place = (table.c.root, table.c.path)
    asked = tuple_(*place).in_(bindparam("places_", expanding=True))
    return select(*place, *columns).where(asked)

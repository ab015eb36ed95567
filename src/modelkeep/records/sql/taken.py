"""Refusing records whose key or path is taken, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ClauseElement, bindparam, select

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.roots import Roots
from modelkeep.errors import DuplicateModelException
from modelkeep.records.places import Place, place_of, possible_places
from modelkeep.records.sql import schema
from modelkeep.records.sql.transactions import Work

_model = schema.model.c


def refuse_taken(
    work: Work, roots: Roots, records: Iterable[ModelConfigBase], *, is_known: bool = False
) -> None:
    """Raise if a record, stored or among these, has the key or the path of one of these.

    Args:
        work: The transaction to look in.
        roots: The registered roots.
        records: What is to be stored.
        is_known: They are stored already, and only their paths may be taken.

    Raises:
        DuplicateModelException: this is so.
    """
    keys: dict[str, ModelConfigBase] = {}
    places: dict[Place, ModelConfigBase] = {}
    for new in records:
        place = place_of(roots, new)
        if not is_known:
            found = work.ask("key owner", _by_key, {"key_": new.key})
            owners = [(name, roots.join(root, path)) for name, root, path in found]
            if twin := keys.get(new.key):
                owners.append((twin.name, twin.path))
            for name, path in owners:
                reason = f"The key {new.key!r} is taken by {name!r} at {path}"
                raise _duplicate(new, new.key, reason)
        found = []
        for root, path in {place, *possible_places(roots, new.path)}:
            found += work.ask("path owner", _by_place, {"root_": root, "path_": path})
        taken = [row for row in found if row[0] != new.key or not is_known]
        twin = places.get(place)
        for key, name in taken or ([(twin.key, twin.name)] if twin else []):
            reason = f"The path {new.path} is recorded already, for {name!r} (key {key})"
            raise _duplicate(new, key, reason)
        keys[new.key] = places[place] = new


def _duplicate(new: ModelConfigBase, key: str, reason: str) -> DuplicateModelException:
    return DuplicateModelException(
        f"{reason}; {new.name!r} was not stored", hint=f"See it with: modelkeep show {key}"
    )


def _by_key() -> ClauseElement:
    return select(_model.name, _model.root, _model.path).where(_model.key == bindparam("key_"))


def _by_place() -> ClauseElement:
    here = (_model.root == bindparam("root_")) & (_model.path == bindparam("path_"))
    return select(_model.key, _model.name).where(here)

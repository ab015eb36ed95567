"""One record for programs: as JSON, changed, added and removed by its exact key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelkeep.app.reach import check_record_paths, readable
from modelkeep.core import limits
from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import NO_KEY, ModelConfigFactory, new_key
from modelkeep.errors import InvalidModelConfigException, UnknownModelException
from modelkeep.library.new_records import check_base
from modelkeep.records.versions import refuse_stale

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.records.service import ModelRecordServiceBase

#: Fields that the catalogue itself sets: they are given, and not taken.
_OURS = frozenset({"key", "root", "state"})
#: Values inside of each other in one field.
_DEPTH = 16
_INT64_MAX = 2**63 - 1
_NUL, _HALF, _EMPTY = "has a NUL", "has half of a character", "is empty"


def known_key(records: ModelRecordServiceBase, key: str) -> str:
    """Return the key that is meant by the end of an address: without its final slash if need be.

    Raises:
        UnknownModelException: no record has it.
    """
    bare = key.removesuffix("/")
    for each in dict.fromkeys((key, bare)):
        if records.exists(each):
            return each
    raise UnknownModelException(
        f"No model with the key {key!r}", hint="List the models with: modelkeep list"
    )


def record_json(records: ModelRecordServiceBase, key: str) -> bytes:
    """Return a record as JSON; of its key a final slash may be left out.

    Raises:
        UnknownModelException: no record has it.
    """
    try:
        return records.get_json(key)
    except UnknownModelException:
        if not key.endswith("/"):
            raise
        return records.get_json(key.removesuffix("/"))


def patch(
    manager: ModelManager, key: str, given: Mapping[str, Any], seen: frozenset[str] | None = None
) -> bytes:
    """Change the fields of a record that differ from what is given; return it as JSON.

    Only these count as changed by hand. So a whole record may be given as it was read, with a
    field or two changed.

    Args:
        manager: Of the library.
        key: Of the record.
        given: Any of the fields.
        seen: Change it only while it is of one of these versions.

    Raises:
        UnknownModelException: there is no such record.
        StaleRecordError: it is of no version in ``seen``.
        InvalidModelConfigException: a field is unknown, or a value does not fit.
        DuplicateModelException: another record has the path.
        SourceNotFoundError: requests cannot read the new path, or nothing is there.
    """
    before = manager.records.get_model(key)
    changes = _changes(before, without_aliases(given))
    refuse_unstorable(changes)
    _refuse_out_of_reach(manager, changes)
    if changes:
        manager.installer.edit(key, changes, seen=seen)
    elif seen is not None:
        refuse_stale(key, manager.records.get_json(key), seen)
    return manager.records.get_json(key)


def add(manager: ModelManager, given: Mapping[str, Any]) -> bytes:
    """Record a model and return the record as JSON.

    Args:
        manager: Of the library.
        given: The fields; a key is made where there is none.

    Raises:
        InvalidModelConfigException: they are no valid config.
        DuplicateModelException: the key or the path is recorded already.
        SourceNotFoundError: requests cannot read the path, or nothing is there.
    """
    fields = without_aliases(given)
    refuse_unstorable(fields)
    _refuse_out_of_reach(manager, fields)
    if "base" in fields:
        check_base(fields["base"], manager.installer.library.known_bases)
    key = fields.get("key")
    if key is None or key == NO_KEY:
        key = new_key()
    if not isinstance(key, str) or not key:
        raise InvalidModelConfigException.of("ModelConfig", "key", "is no text", key)
    # Where it lies is said by the path, and what was seen of it by a look at it.
    kept = {name: value for name, value in fields.items() if name not in _OURS}
    made: ModelConfigBase = ModelConfigFactory.make_config(kept, key=key)
    manager.records.add_model(key, made)
    return manager.records.get_json(key)


def remove(manager: ModelManager, key: str, seen: frozenset[str] | None = None) -> None:
    """Forget a record; its files go to the trash if they are inside ``models_dir``.

    Args:
        manager: Of the library.
        key: Of the record.
        seen: Remove it only while it is of one of these versions.

    Raises:
        UnknownModelException: there is no such record.
        StaleRecordError: it is of no version in ``seen``.
    """
    if seen is not None:
        refuse_stale(key, manager.records.get_json(key), seen)
    manager.installer.delete(key)


def _changes(before: ModelConfigBase, fields: Mapping[str, Any]) -> dict[str, Any]:
    now = before.to_json()
    return {
        name: value
        for name, value in fields.items()
        if name not in _OURS and (name not in now or now[name] != value)
    }


def _refuse_out_of_reach(manager: ModelManager, fields: Mapping[str, Any]) -> None:
    """Refuse a path that requests cannot read, or where nothing is; the text does not tell which.

    A picture need not be there.

    Raises:
        SourceNotFoundError: it is one.
    """
    path = fields.get("path")
    if isinstance(path, str):
        readable(manager, path)
    check_record_paths(manager, {"preview": fields.get("preview")})


def refuse_unstorable(fields: Mapping[str, Any]) -> None:
    """Refuse values that JSON can hold, and that no file, disk or screen takes.

    Raises:
        InvalidModelConfigException: one of them does; names its field.
    """
    if isinstance(fields.get("name"), str) and not fields["name"].strip():
        raise InvalidModelConfigException.of("ModelConfig", "name", _EMPTY, hint=_hint_for(_EMPTY))
    for name, value in fields.items():
        if reason := _why_unstorable(name, value):
            raise InvalidModelConfigException.of(
                "ModelConfig", name, reason, hint=_hint_for(reason)
            )


def _hint_for(reason: str) -> str:
    return {
        _NUL: "Leave the NUL out.",
        _HALF: "Send text that is valid Unicode; in JSON a surrogate stands for nothing alone.",
        _EMPTY: "Give it at least one letter.",
    }.get(reason, "Shorten it.")


def _why_unstorable(name: str, value: Any) -> str:
    most = limits.DESCRIPTION_CHARACTERS if name == "description" else limits.TEXT_CHARACTERS
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        if depth > _DEPTH:
            return f"has more than {_DEPTH} values inside of each other"
        if isinstance(one, Mapping):
            waiting += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list | tuple):
            waiting += [(part, depth + 1) for part in one]
        elif isinstance(one, str) and ("\0" in one or len(one) > most):
            return _NUL if "\0" in one else f"has more than {most:,} characters"
        elif isinstance(one, str) and not _is_text(one):
            return _HALF
        elif isinstance(one, int) and abs(one) > _INT64_MAX:
            return "is too large"
    return ""


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

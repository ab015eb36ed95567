"""Undoing an action on many models: what it changed is as it was, what it removed is back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelkeep.app import trash
from modelkeep.app.bulk import BulkEntry
from modelkeep.core.configs import ModelConfigFactory
from modelkeep.errors import ModelKeepError, SourceNotFoundError, UsageError
from modelkeep.library import removal

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.library.trash import TrashEntry

#: Actions that can be undone.
UNDOABLE = frozenset({"tag", "untag", "retype", "reidentify", "remove"})
_TAGS = "tags"
#: Fields that say how a record came to be what it is; they follow the others.
_NOT_SET = frozenset({"key", "root", "path", "state"})


def undo(
    manager: ModelManager, action: str, done: Iterable[Mapping[str, Any]]
) -> Iterator[BulkEntry]:
    """Undo an action, one model after the other, and give what became of each.

    What somebody has changed since stays as it is.

    Args:
        manager: Of the library.
        action: What was done; one of ``UNDOABLE``.
        done: The entries of its result.

    Raises:
        UsageError: it cannot be undone.
    """
    if action not in UNDOABLE:
        raise UsageError(f"{action} cannot be undone", hint="Change the models one by one.")
    removed = {entry.key: entry for entry in trash.entries(manager)} if action == "remove" else {}
    for one in done:
        if one["status"] != "done":
            continue
        key, name = str(one["key"]), one["name"]
        try:
            if action == "remove":
                _restore(manager, key, name, removed)
                yield BulkEntry(key, name, "done")
            else:
                has_changed = _set_back(manager, key, one["changes"])
                yield BulkEntry(key, name, "done" if has_changed else "unchanged")
        except ModelKeepError as error:
            yield BulkEntry(key, name, "failed", error=error)


def _restore(
    manager: ModelManager, key: str, name: object, removed: Mapping[str, TrashEntry]
) -> None:
    entry = removed.get(key)
    if entry is None:
        raise SourceNotFoundError(
            f"{name} is not in the trash any more", hint="Install it again from where it came."
        )
    removal.restore(manager.installer.library, entry)


def _set_back(manager: ModelManager, key: str, changes: Mapping[str, Any]) -> bool:
    """Give fields the values that they had before; tell whether one has another value now."""
    record = manager.records.get_model(key)
    now = {**record.to_json(), _TAGS: sorted(manager.metadata.tags(key).hand)}
    before = {
        name: old
        for name, (old, new) in changes.items()
        if name not in _NOT_SET and now.get(name) == new
    }
    tags = before.pop(_TAGS, None)
    known = ModelConfigFactory.class_for({**now, **before}).model_fields
    fields = {name: value for name, value in before.items() if name in known}
    if fields:
        manager.installer.edit(key, fields)
    if tags is not None:
        manager.metadata.set_tags(key, tags)
    return bool(fields) or tags is not None

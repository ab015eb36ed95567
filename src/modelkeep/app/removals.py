"""Removing models, bringing them back and deleting them for good, several at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app import trash
from modelkeep.app.outcomes import error_json
from modelkeep.app.remove import Removable, RemovalMode, remove
from modelkeep.core.names import counted
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.errors import ModelKeepError, UsageError
from modelkeep.library import removal

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of some models.

    Attributes:
        keys: Of those with which it was done.
        names: Of the same.
        bytes: Of their files.
        errors: What went wrong with the others.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    bytes: int
    errors: tuple[ModelKeepError, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        errors = [error_json(error) for error in self.errors]
        return {"keys": list(self.keys), "bytes": self.bytes, "errors": errors}


def remove_all(manager: ModelManager, keys: Iterable[str]) -> Moved:
    """Move models to the trash, with their files also in the folders of other programs.

    Args:
        manager: Of the library.
        keys: Of the models.
    """
    done, size, errors = [], 0, []
    for key in keys:
        try:
            model = manager.records.get_model(key)
            is_elsewhere = model.root not in {MODELS_ROOT, NO_ROOT}
            gone = remove(manager, Removable(model), RemovalMode(everywhere=is_elsewhere))
        except ModelKeepError as error:
            errors.append(error)
        else:
            done.append(gone)
            size += sum(count for _, count in gone.files)
    keys_done = tuple(gone.key for gone in done)
    return Moved(keys_done, tuple(gone.name for gone in done), size, tuple(errors))


def restore_all(manager: ModelManager, keys: Sequence[str]) -> Moved:
    """Bring models back from the trash.

    Args:
        manager: Of the library.
        keys: Of the models.
    """
    done, size, errors = [], 0, []
    waiting = {entry.key: entry for entry in trash.entries(manager)}  # the latest of each key
    for key in keys:
        try:
            entry = waiting.get(key) or trash.entry(manager, key)
            removal.restore(manager.installer.library, entry)
        except ModelKeepError as error:
            errors.append(error)
        else:
            done.append(entry)
            size += entry.size
    names = tuple(entry.name for entry in done)
    return Moved(tuple(entry.key for entry in done), names, size, tuple(errors))


def purge_all(manager: ModelManager, keys: Sequence[str] | None = None, *, seen: str = "") -> Moved:
    """Delete models in the trash for good; ``bytes`` is what the disk has more.

    Args:
        manager: Of the library.
        keys: Of the models; all that is in the trash when None.
        seen: How many these are, as whoever wants them gone has seen; empty for any number.

    Raises:
        UsageError: there are more or fewer by now, and nothing was deleted.
    """
    wanted = None if keys is None else set(keys)
    found = [one for one in trash.entries(manager) if wanted is None or one.key in wanted]
    if seen and seen != str(len(found)):
        raise UsageError(
            f"The trash has {counted(len(found), 'model')} by now, so nothing was deleted",
            hint="Look at the trash again.",
        )
    freed = trash.freed(found)
    for entry in found:
        trash.purge(manager, entry)
    return Moved(tuple(e.key for e in found), tuple(e.name for e in found), freed)

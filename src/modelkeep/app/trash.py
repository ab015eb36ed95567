"""The trash: what is in it, and taking models out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelkeep.app.text import Table, time_text
from modelkeep.core.names import size_text
from modelkeep.errors import SourceNotFoundError
from modelkeep.library.freed import freed_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.library.trash import TrashEntry


def entries(manager: ModelManager) -> list[TrashEntry]:
    """Return what is in the trash, the oldest first."""
    return manager.installer.trash()


def entry(manager: ModelManager, key: str) -> TrashEntry:
    """Return the latest entry with exactly this key.

    Raises:
        SourceNotFoundError: there is none.
    """
    found = [entry for entry in entries(manager) if entry.key == key]
    if not found:
        raise SourceNotFoundError(
            f"No model in the trash has the key {key!r}",
            hint="List the trash with: modelkeep trash list",
        )
    return found[-1]


def restore(manager: ModelManager, name: str) -> ModelConfigBase:
    """Bring a model back from the trash, by key, key prefix or name.

    Raises:
        SourceNotFoundError: nothing in the trash is called that.
    """
    return manager.installer.restore(name)


def purge(manager: ModelManager, entry: TrashEntry) -> None:
    """Permanently delete the contents of the trash."""
    manager.installer.purge(entry)


def freed(found: Sequence[TrashEntry]) -> int:
    """Return the bytes that emptying the trash frees: files with other names free nothing."""
    return freed_bytes(path for entry in found for path in entry.waiting)


def table(found: Sequence[TrashEntry]) -> Table:
    """Return entries as a table."""
    return Table.of(
        ("KEY", "NAME", "SIZE", "REMOVED", "KEPT UNTIL"),
        [
            (e.key[:8], e.name, _size(e), time_text(e.removed_at), time_text(e.expires_at))
            for e in found
        ],
    )


def _size(entry: TrashEntry) -> str:
    return "record only" if entry.is_record_only else size_text(entry.size)

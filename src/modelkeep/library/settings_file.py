"""The settings file, where services change it: one process at a time, and no drafts stay."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from modelkeep.disk.drafts import drop_drafts
from modelkeep.jobs.owner import locked
from modelkeep.settings import Settings


def changing_settings(root: Path) -> AbstractContextManager[None]:
    """Keep other processes from changing the settings file meanwhile; waits for them first.

    Args:
        root: Folder of the library; its settings may be such that they cannot be used.

    Raises:
        StorageError: the lock cannot be made.
    """
    return locked(root / "databases" / "state.settings")


def drop_settings_drafts(settings: Settings) -> None:
    """Remove what is left of a change of the settings file that was cut off.

    Raises:
        StorageError: the disk refused.
    """
    drop_drafts((settings.settings_path,), lambda: changing_settings(settings.root))

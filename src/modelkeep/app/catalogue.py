"""The catalogue itself: the version of its schema, upgrading it, and backups."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import pairs
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.disk import paths
from modelkeep.errors import UsageError
from modelkeep.records.dialects import sqlite_backup
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.dialects.sqlite_files import stored_version
from modelkeep.records.locations import catalogue_file
from modelkeep.records.sql import migrations, schema

if TYPE_CHECKING:
    from modelkeep.settings import Settings

_NONE_YET = "There is no catalogue yet. The first command that needs one creates it."


@dataclass(frozen=True, slots=True)
class CatalogueVersion:
    """Which version a catalogue has.

    Attributes:
        found: The version; 0 where there is none yet.
    """

    path: Path
    found: int

    @property
    def key(self) -> str:
        """The version."""
        return str(self.found)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": str(self.path),
            "version": self.found or None,
            "needed": migrations.newest(),
            "needs_upgrade": 0 < self.found < migrations.newest(),
        }

    def __str__(self) -> str:
        found, needed = str(self.found or "-"), str(migrations.newest())
        return pairs([("File", shown(self.path)), ("Version", found), ("Needed", needed)])

    @property
    def advice(self) -> str:
        """What to do about it.

        Raises:
            NewerDatabaseError: a newer modelkeep wrote it.
        """
        if not self.found:
            return _NONE_YET
        if self.found > migrations.newest():
            raise schema.newer(shown(self.path), self.found)
        if self.found == migrations.newest():
            return "The catalogue is up to date."
        return (
            "The next command that uses the catalogue backs it up and upgrades it. To do it now:"
            " modelkeep db upgrade"
        )


@dataclass(frozen=True, slots=True)
class CatalogueUpgrade:
    """What upgrading a catalogue did.

    Attributes:
        before: The version before; 0 where there was none.
        backup: A copy of it as it was; None where nothing was changed.
    """

    path: Path
    before: int
    backup: Path | None

    @property
    def key(self) -> str | None:
        """The backup."""
        return str(self.backup) if self.backup else None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": str(self.path),
            "from": self.before or None,
            "to": migrations.newest(),
            "backup": self.key,
        }

    def __str__(self) -> str:
        if not self.before:
            return _NONE_YET
        if self.backup is None:
            return f"The catalogue already has version {migrations.newest()}; nothing was changed."
        return f"Upgraded to version {migrations.newest()}."

    @property
    def way_back(self) -> str:
        """How to undo it; empty where nothing was changed."""
        if self.backup is None:
            return ""
        names = (self.path, f"{self.path}-wal", f"{self.path}-shm", self.backup)
        file, log, index, copy = (quote(str(name)) for name in names)
        return (
            "To go back, stop all programs that use the catalogue, install the previous modelkeep"
            f" and run: rm -f {log} {index} && mv {copy} {file}"
        )


@dataclass(frozen=True, slots=True)
class CatalogueBackup:
    """A copy of a catalogue.

    Attributes:
        catalogue: What was copied.
        path: The copy.
        size: Its bytes.
    """

    catalogue: Path
    path: Path
    size: int

    @property
    def key(self) -> str:
        """The copy."""
        return str(self.path)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "catalogue": path_to_text(self.catalogue),
            "path": path_to_text(self.path),
            "size": self.size,
        }

    def __str__(self) -> str:
        return f"Backed up the catalogue to {shown(self.path)} ({size_text(self.size)})"

    @property
    def way_back(self) -> str:
        """How to restore it."""
        names = (self.catalogue, f"{self.catalogue}-wal", f"{self.catalogue}-shm", self.path)
        file, log, index, copy = (quote(str(name)) for name in names)
        is_logged = self.catalogue.suffix.lower() == ".db"
        return (
            "To restore it, stop all programs that use the catalogue and run: "
            + (f"rm -f {log} {index} && " if is_logged else "")
            + f"cp {copy} {file}"
        )


def back_up(settings: Settings, to: Path | None = None) -> CatalogueBackup:
    """Copy the catalogue; programs that use it need not stop.

    Args:
        settings: Of the root.
        to: A new file, or a folder; beside the catalogue when None.

    Raises:
        UsageError: there is no catalogue yet.
        DuplicateModelException: the file exists.
        StorageError: it cannot be written.
    """
    path = catalogue_file(settings).absolute()
    if not path.is_file():
        raise UsageError("There is no catalogue to back up", hint=_NONE_YET)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{path.name}.backup-{stamp}"
    target = path.with_name(name) if to is None else to / name if to.is_dir() else to
    if path.suffix.lower() == ".db":
        sqlite_backup.back_up(path, target.absolute())
    else:  # a YAML file is only ever replaced as a whole
        paths.copy_file(path, target.absolute())
    return CatalogueBackup(path, target.absolute(), target.stat().st_size)


def version(settings: Settings) -> CatalogueVersion:
    """Return which version the catalogue has; nothing is changed.

    Raises:
        UsageError: it is a YAML file and has none.
    """
    path = _file(settings)
    return CatalogueVersion(path, stored_version(path, shown(path)))


def upgrade(settings: Settings) -> CatalogueUpgrade:
    """Bring the catalogue up to the version of this program, after a backup.

    Raises:
        UsageError: it is a YAML file and has no version.
        NewerDatabaseError: a newer modelkeep wrote it.
    """
    found = version(settings)
    if found.found > migrations.newest():
        raise schema.newer(shown(found.path), found.found)
    if not found.found:
        return CatalogueUpgrade(found.path, 0, None)
    with closing(SqliteDatabase(found.path)) as database:
        return CatalogueUpgrade(found.path, found.found, database.backup)


def _file(settings: Settings) -> Path:
    path = catalogue_file(settings).absolute()
    if path.suffix.lower() in {".yaml", ".yml"}:
        raise UsageError(
            f"The catalogue {shown(path)} is a YAML file and has no schema version",
            hint="It is read as is and needs no upgrade.",
        )
    return path

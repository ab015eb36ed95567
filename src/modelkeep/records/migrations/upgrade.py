"""Bringing an older catalogue up to the version of this program, wholly or not at all.

Imported only when there is something to be done: Alembic takes a third of a second.
"""

from __future__ import annotations

import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

import modelkeep
from modelkeep.core.names import shown
from modelkeep.errors import DatabaseError, DatabaseLockedError, ModelKeepError
from modelkeep.records.dialects.sqlite_errors import damaged, translated
from modelkeep.records.migrations.backup import Backup
from modelkeep.records.sql import schema


class Migration(Protocol):
    """A module of this package that leads to one version."""

    @property
    def NEEDS(self) -> frozenset[str]:  # noqa: N802 - a constant of a module
        """The tables that the version before must have."""
        ...

    def upgrade(self, operations: Operations, cursor: sqlite3.Cursor) -> None:
        """Do it, inside a transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A database to upgrade.

    Attributes:
        connection: Open, and guarded by whoever calls.
        name: The database, for messages.
        path: Its file, which is backed up first; None when no backup can or should be made.
        is_ours_alone: Its header is ours to write.
    """

    connection: sqlite3.Connection
    name: str
    path: Path | None
    is_ours_alone: bool


def upgrade(
    target: Target, version: int, inside: AbstractContextManager[object], logger: logging.Logger
) -> Path | None:
    """Upgrade a database; when that fails it is as it was.

    Args:
        target: What to upgrade.
        version: The version that was seen in it.
        inside: A transaction that holds the write lock: done at its end, undone by an error.
        logger: Takes one warning that says where the backup is.

    Returns:
        The backup, or None when none was made, perhaps since another process did it all first.

    Raises:
        CorruptDatabaseError: it is damaged; nothing was tried.
        WrongDatabaseError: it lacks tables that it should have.
        DatabaseLockedError: another process holds it for too long.
        StorageError: there is no room for a backup, or the disk refused.
        DatabaseError: it could not be done.
    """
    with (
        _explained(target.name, version),
        Backup(target.name) as backup,
        translated(target.name, target.path),
        inside,
    ):
        found = schema.check(target.connection, target.name)
        if found == schema.VERSION:  # another process was first
            return None
        if target.path is not None:
            backup.make(target.path, found)
        run(target, found)
        backup.publish()
    if backup.path is not None:
        logger.warning(
            "%s was upgraded from version %d to %d; as it was before it is kept in %s",
            target.name,
            found,
            schema.VERSION,
            shown(backup.path),
        )
    return backup.path


def run(target: Target, version: int) -> None:
    """Run the migrations that lead from ``version`` to ours, in a transaction of the caller.

    Raises:
        CorruptDatabaseError: rows do not fit together, before or after.
        WrongDatabaseError: tables are missing, before or after.
        DatabaseError: tables of somebody else refer to ours, and would lose rows.
    """
    steps = [
        cast("Migration", import_module(f"{__package__}.to_{number}"))
        for number in range(version + 1, schema.VERSION + 1)
    ]
    schema.refuse_incomplete(target.connection, target.name, steps[0].NEEDS)
    _refuse_guests(target)
    _refuse_orphans(target)
    with closing(target.connection.cursor()) as cursor:
        cursor.row_factory = None  # plain tuples, whatever the connection makes of rows
        operations = _operations(cursor)
        for step in steps:
            step.upgrade(operations, cursor)
        cursor.execute(
            "UPDATE mk_schema SET version = ?, written_by = ?",
            (schema.VERSION, f"modelkeep {modelkeep.__version__}"),
        )
        if target.is_ours_alone:
            cursor.execute(f"PRAGMA user_version = {schema.VERSION}")
    schema.check(target.connection, target.name)
    _refuse_orphans(target)


class _Runner(io.StringIO):
    """Takes each statement that Alembic writes, as one piece of text, and runs it at once."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        super().__init__()
        self._cursor = cursor

    def write(self, text: str) -> int:
        self._cursor.execute(text)
        return len(text)


def _operations(cursor: sqlite3.Cursor) -> Operations:
    # Alembic's offline mode: it writes SQL and has no connection whose transaction it could end.
    options = {"as_sql": True, "output_buffer": _Runner(cursor)}
    return Operations(MigrationContext.configure(dialect_name="sqlite", opts=options))


def _refuse_guests(target: Target) -> None:
    """Raise when something that is not ours hangs on our tables: making those anew would harm it.

    Triggers and indexes would go, and where foreign keys are on so would the rows that refer to
    ours.
    """
    found = schema.rows_of(target.connection, _HANGING)
    if schema.rows_of(target.connection, "PRAGMA foreign_keys") == [(1,)]:
        found += schema.rows_of(target.connection, _REFERRING)
    pairs = [(schema.text(guest), schema.text(host)) for guest, host in found]
    guests = {f"{guest} on {host}" for guest, host in pairs if is_ours(host) and not is_ours(guest)}
    if guests:
        raise DatabaseError(
            f"What another program made hangs on tables of modelkeep: {', '.join(sorted(guests))}",
            hint="Drop it, and make it again after the upgrade.",
        )


def is_ours(name: str) -> bool:
    """Tell whether a table, index or trigger is one of modelkeep, or of SQLite itself."""
    return name.lower().startswith(("mk_", "ix_mk_", "sqlite_"))


_HANGING = "SELECT name, tbl_name FROM sqlite_master WHERE type IN ('trigger', 'index')"
_REFERRING = """
    SELECT m.name, k."table" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS k
    WHERE m.type = 'table'
"""


def _refuse_orphans(target: Target) -> None:
    """Raise when a row of ours refers to one that is not there."""
    for name in sorted(schema.names_in(target.connection) & schema.tables.tables.keys()):
        orphans = schema.rows_of(target.connection, f'PRAGMA foreign_key_check("{name}")')
        if orphans:
            parent = schema.text(orphans[0][2])
            raise damaged(target.name, f"a row of {name} belongs to no row of {parent}")


@contextmanager
def _explained(name: str, version: int) -> Iterator[None]:
    try:
        yield
    except ModelKeepError as error:
        raise type(error)(
            f"The catalogue {name} cannot be upgraded from version {version} to {schema.VERSION},"
            f" and is as it was: {error}",
            hint="Stop the other programs that use it, then try again."
            if isinstance(error, DatabaseLockedError)
            else error.hint,
        ) from error

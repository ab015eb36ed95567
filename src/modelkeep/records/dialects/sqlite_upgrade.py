"""Upgrading an older SQLite catalogue, all or nothing."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.errors import DatabaseLockedError, ModelKeepError
from modelkeep.records.dialects import sqlite_tables
from modelkeep.records.dialects.sqlite_backup import Backup
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.sql import migrations, schema
from modelkeep.records.sql.database import damaged


@dataclass(frozen=True, slots=True)
class Target:
    """A database to upgrade.

    Attributes:
        connection: Open, and guarded by the caller.
        name: The database, for messages.
        path: Its file, which is backed up first; None when no backup can or should be made.
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
        found = sqlite_tables.check(target.connection, target.name)
        if found == migrations.newest():  # another process was first
            return None
        if target.path is not None:
            backup.make(target.path, found)
        _run(target, found)
        backup.publish()
    if backup.path is not None:
        logger.warning(
            "%s was upgraded from version %d to %d; the old file is kept as %s",
            target.name,
            found,
            migrations.newest(),
            shown(backup.path),
        )
    return backup.path


def statements_of(script: str) -> Iterator[str]:
    """Give the statements of a script, one by one; a trigger is one statement."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _run(target: Target, version: int) -> None:
    _refuse_orphans(target)
    with closing(target.connection.cursor()) as cursor:
        for step in migrations.steps(version, "sqlite"):
            for statement in statements_of(step.path.read_text(encoding="utf-8")):
                cursor.execute(statement)
        cursor.execute(
            "UPDATE mk_schema SET version = ?, written_by = ?",
            (migrations.newest(), schema.writer()),
        )
        if target.is_ours_alone:
            cursor.execute(f"PRAGMA user_version = {migrations.newest()}")
    sqlite_tables.check(target.connection, target.name)
    _refuse_orphans(target)


def _refuse_orphans(target: Target) -> None:
    if orphan := sqlite_tables.orphan_in(target.connection):
        raise damaged(target.name, orphan)


@contextmanager
def _explained(name: str, version: int) -> Iterator[None]:
    try:
        yield
    except ModelKeepError as error:
        raise type(error)(
            f"The catalogue {name} cannot be upgraded from version {version} to"
            f" {migrations.newest()} and was not changed: {error}",
            hint="Stop other programs that use it, then try again."
            if isinstance(error, DatabaseLockedError)
            else error.hint,
        ) from error

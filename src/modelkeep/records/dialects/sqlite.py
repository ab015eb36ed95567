"""``SqliteDatabase``: the file of the catalogue, opened so that nothing in it can get lost."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.disk.paths import make_folder
from modelkeep.records.dialects import mounts
from modelkeep.records.dialects.sqlite_errors import damaged, is_damage, translated
from modelkeep.records.dialects.sqlite_files import (
    APPLICATION_ID,
    BUSY_TIMEOUT,
    is_ours_alone,
    refuse_other_tables,
)
from modelkeep.records.locations import DatabaseSettings
from modelkeep.records.sql import schema

_MEMORY = ":memory:"
#: Pages of a file that is checked whole when it is opened; some 2,000 models, 5 ms.
_CHECKED_PAGES = 1024


class SqliteDatabase:
    """A catalogue's connection, and the lock that guards it.

    The folder, the file and the tables are made when they are not there, and tables of an older
    version are upgraded, after a backup beside the file. A file that is refused is left as it
    was, to the byte.

    Args:
        location: The file, an object with a ``db_path`` (and perhaps ``use_memory_db``), or None
            for a database in memory.
        logger: Takes a warning when the file is on a network, damaged or upgraded; the module's
            own when None.
        timeout: How long a transaction waits for another process, seconds.

    Attributes:
        conn: The connection; take ``lock`` before using it.
        lock: A reentrant lock.
        path: The file, or None.
        name: The database, for messages.
        damage: What was found damaged in the file, or an empty string; nothing is written then.
        backup: The file as it was before the upgrade that opening it took, or None.

    Raises:
        WrongDatabaseError: the file is no catalogue of ours.
        NewerDatabaseError: it was written by a newer modelkeep.
        CorruptDatabaseError: it is damaged, so that nothing can be read.
        DatabaseLockedError: another process holds it for too long.
        NotWritableError: the file or its folder cannot be written.
        NoSpaceError: there is no room for an upgrade.
    """

    def __init__(
        self,
        location: DatabaseSettings | Path | str | None = None,
        logger: logging.Logger | None = None,
        *,
        timeout: float = BUSY_TIMEOUT,
    ) -> None:
        self.path = path_of(location)
        self.name = shown(self.path) if self.path else "in memory"
        self.lock = threading.RLock()
        self.damage = ""
        self.backup: Path | None = None
        self._logger = logger or logging.getLogger(__name__)
        self._is_ours = is_ours_alone(self.path, self.name) if self.path else True
        if self.path:
            make_folder(self.path.parent)
        with translated(self.name, self.path):
            self.conn = sqlite3.connect(
                self.path or _MEMORY,
                timeout=timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self.conn.row_factory = sqlite3.Row
                self._prepare()
            except BaseException:
                self.conn.close()
                raise

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self.lock, translated(self.name, self.path):
            self.conn.close()

    def integrity_errors(self) -> list[str]:
        """Read the whole file and return what is wrong with it; empty when all is well."""
        with self.lock, translated(self.name, self.path):
            found = [str(row[0]) for row in self.conn.execute("PRAGMA integrity_check")]
            orphans = self.conn.execute("PRAGMA foreign_key_check").fetchall()
        broken = [f"a row of {row[0]} belongs to no row of {row[2]}" for row in orphans]
        return [line for line in found if line != "ok"] + broken

    def _prepare(self) -> None:
        execute = self.conn.execute
        execute("PRAGMA foreign_keys = ON")
        execute("PRAGMA synchronous = FULL")
        is_shared = self.path is not None and _on_network(self.path)
        if is_shared:
            self._logger.warning("%s is on a network file system; a local disk is safer", self.name)
        if self._is_ours and is_shared:
            execute("PRAGMA journal_mode = TRUNCATE")
        version = schema.check(self.conn, self.name)
        if not version:
            self._initialise()
        elif version < schema.VERSION:
            self._upgrade(version)
        if self._is_ours and not is_shared and self.path is not None:
            self._use_write_ahead_log()
        self._look_for_damage()

    def _initialise(self) -> None:
        with self._transaction():
            if schema.check(self.conn, self.name):  # another process was first
                return
            refuse_other_tables(self.conn, self.name)
            self.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self.conn.execute(f"PRAGMA user_version = {schema.VERSION}")
            schema.create(self.conn)

    def _upgrade(self, version: int) -> None:
        from modelkeep.records.migrations.upgrade import Target, upgrade  # noqa: PLC0415 - heavy

        target = Target(self.conn, self.name, self.path, self._is_ours)
        # Dropping a table takes the rows that refer to it, and some are made anew.
        self.conn.execute("PRAGMA foreign_keys = OFF")
        self.backup = upgrade(target, version, self._transaction(), self._logger)
        self.conn.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.conn.execute("COMMIT")
        except BaseException:
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
            raise

    def _use_write_ahead_log(self) -> None:
        try:
            self.conn.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # Another process is opening the file too, or it is read-only: the other journal is
            # as safe, and the next one to open the file tries again.
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY}:
                raise

    def _look_for_damage(self) -> None:
        """Read a small file whole; of a large one that would take too long at each start."""
        if self.conn.execute("PRAGMA page_count").fetchone()[0] > _CHECKED_PAGES:
            return
        try:
            found = str(self.conn.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            found = str(error)
        if found != "ok":
            self.damage = found
            self._logger.warning("%s, so nothing is written to it", damaged(self.name, found))


def path_of(location: DatabaseSettings | Path | str | None) -> Path | None:
    """Return the file that a location names; None for a database in memory."""
    if location is None or location == _MEMORY or getattr(location, "use_memory_db", False):
        return None
    if isinstance(location, str | os.PathLike):
        return Path(location).absolute()
    return Path(location.db_path).absolute()


def _on_network(path: Path) -> bool:
    return mounts.is_network(mounts.file_system_of(path, mounts.mount_table()))

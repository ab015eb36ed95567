"""``SqliteDatabase``: the file of the catalogue, opened so that nothing in it can get lost."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.core.paths import make_folder
from modelkeep.errors import NotWritableError, WrongDatabaseError
from modelkeep.records import mounts, schema
from modelkeep.records.faults import damaged, translated
from modelkeep.records.locations import DatabaseSettings

#: "mkdb", in the header of every file that is ours alone.
APPLICATION_ID = 0x6D6B6462
#: How long a transaction waits for another process, seconds.
BUSY_TIMEOUT = 30.0

_MEMORY = ":memory:"
_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100


class SqliteDatabase:
    """A catalogue's connection, and the lock that guards it.

    The folder, the file and the tables are made when they are not there. A file that is refused
    is left as it was, to the byte.

    Args:
        location: The file, an object with a ``db_path`` (and perhaps ``use_memory_db``), or None
            for a database in memory.
        logger: Takes one warning when the file is on a network; the module's own when None.
        timeout: How long a transaction waits for another process, seconds.

    Attributes:
        conn: The connection; take ``lock`` before using it.
        lock: A reentrant lock.
        path: The file, or None.
        name: The database, for messages.

    Raises:
        WrongDatabaseError: the file is no catalogue of ours.
        NewerDatabaseError: it was written by a newer modelkeep.
        CorruptDatabaseError: it is damaged.
        DatabaseLockedError: another process holds it for too long.
        NotWritableError: the file or its folder cannot be written.
    """

    def __init__(
        self,
        location: DatabaseSettings | Path | str | None = None,
        logger: logging.Logger | None = None,
        *,
        timeout: float = BUSY_TIMEOUT,
    ) -> None:
        self.path = _path_of(location)
        self.name = shown(self.path) if self.path else "in memory"
        self.lock = threading.RLock()
        is_ours = _inspect(self.path, self.name) if self.path else True
        if self.path:
            make_folder(self.path.parent)
        with translated(self.name):
            self.conn = sqlite3.connect(
                self.path or _MEMORY,
                timeout=timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self.conn.row_factory = sqlite3.Row
                self._prepare(is_ours, logger or logging.getLogger(__name__))
            except BaseException:
                self.conn.close()
                raise

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self.lock, translated(self.name):
            self.conn.close()

    def integrity_errors(self) -> list[str]:
        """Read the whole file and return what is wrong with it; empty when all is well."""
        with self.lock, translated(self.name):
            found = [str(row[0]) for row in self.conn.execute("PRAGMA integrity_check")]
            orphans = self.conn.execute("PRAGMA foreign_key_check").fetchall()
        broken = [f"a row of {row[0]} belongs to no row of {row[2]}" for row in orphans]
        return [line for line in found if line != "ok"] + broken

    def _prepare(self, is_ours: bool, logger: logging.Logger) -> None:
        execute = self.conn.execute
        execute("PRAGMA foreign_keys = ON")
        execute("PRAGMA synchronous = FULL")
        is_shared = self.path is not None and _on_network(self.path)
        if is_shared:
            logger.warning("%s is on a network file system; a local disk is safer", self.name)
        if is_ours and is_shared:
            execute("PRAGMA journal_mode = TRUNCATE")
        if not schema.check(self.conn, self.name):
            self._initialise()
        if is_ours and not is_shared and self.path is not None:
            self._use_write_ahead_log()

    def _initialise(self) -> None:
        execute = self.conn.execute
        execute("BEGIN IMMEDIATE")
        try:
            if not schema.check(self.conn, self.name):  # else another process was first
                _refuse_other_tables(self.conn, self.name)
                execute(f"PRAGMA application_id = {APPLICATION_ID}")
                execute(f"PRAGMA user_version = {schema.VERSION}")
                schema.create(self.conn)
            execute("COMMIT")
        except BaseException:
            if self.conn.in_transaction:
                execute("ROLLBACK")
            raise

    def _use_write_ahead_log(self) -> None:
        try:
            self.conn.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # Another process is opening the file too, or it is read-only: the other journal is
            # as safe, and the next one to open the file tries again.
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY}:
                raise


def _path_of(location: DatabaseSettings | Path | str | None) -> Path | None:
    if location is None or location == _MEMORY or getattr(location, "use_memory_db", False):
        return None
    if isinstance(location, str | os.PathLike):
        return Path(location).absolute()
    return Path(location.db_path).absolute()


def _inspect(path: Path, name: str) -> bool:
    """Refuse a file that is not ours, changing nothing; tell whether it is ours alone."""
    header = _header(path, name)
    if not header:
        return True
    if not header.startswith(_MAGIC):
        raise _no_catalogue(name, "it is no SQLite database")
    if len(header) < _HEADER_BYTES:
        raise damaged(name, f"it ends after {len(header)} bytes")
    version = int.from_bytes(header[60:64], "big", signed=True)
    application = int.from_bytes(header[68:72], "big")
    if application == APPLICATION_ID:
        if version > schema.VERSION:
            raise schema.newer(name, version)
        return True
    # Another program's file: ours only where our tables were put beside its own. A connection
    # that may write would leave traces. An immutable one leaves none but does not see a log that
    # is not yet in the file; while such a log is in use, reading through it leaves none either.
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    way = "mode=ro" if index.exists() and log.exists() and log.stat().st_size else "immutable=1"
    with translated(name):
        connection = sqlite3.connect(f"{path.as_uri()}?{way}", uri=True, timeout=BUSY_TIMEOUT)
        try:
            if not schema.check(connection, name):
                _refuse_other_tables(connection, name)
        finally:
            connection.close()
    return False


def _refuse_other_tables(connection: sqlite3.Connection, name: str) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise _no_catalogue(name, "it holds tables of another program")


def _header(path: Path, name: str) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _no_catalogue(name, "it is no regular file")
        with path.open("rb") as opened:
            return opened.read(_HEADER_BYTES)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise NotWritableError(
            f"The catalogue {name} cannot be opened: {error.strerror}",
            hint="Check who owns the file and its folders.",
        ) from error


def _on_network(path: Path) -> bool:
    return mounts.is_network(mounts.file_system_of(path, mounts.mount_table()))


def _no_catalogue(name: str, reason: str) -> WrongDatabaseError:
    return WrongDatabaseError(
        f"{name} is no catalogue of modelkeep: {reason}",
        hint="Name another file; nothing was changed in this one.",
    )

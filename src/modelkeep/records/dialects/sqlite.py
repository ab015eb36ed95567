"""SQLite: the file of the catalogue, opened so that nothing in it is lost.

Changes are made one at a time, on one connection that a lock guards. In a file with a write-ahead
log those who read have connections of their own: they see what was committed when they began, and
neither wait for a change nor for each other.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Engine, Select

from modelkeep.core.lookonly import beside, open_for_looking
from modelkeep.core.names import shown
from modelkeep.disk import access
from modelkeep.disk.paths import follow_group, make_folder, make_shared_file
from modelkeep.errors import NotWritableError
from modelkeep.records.dialects import mounts, sqlite_tables
from modelkeep.records.dialects.sqlite_damage import found_damage
from modelkeep.records.dialects.sqlite_engine import (
    IDLE_READERS,
    Handle,
    compiled,
    engine_of,
    pooled_engine,
)
from modelkeep.records.dialects.sqlite_errors import is_damage, primary_code, translated
from modelkeep.records.dialects.sqlite_files import (
    APPLICATION_ID,
    BUSY_TIMEOUT,
    is_ours_alone,
    refuse_other_tables,
)
from modelkeep.records.dialects.sqlite_text import SqliteDialect
from modelkeep.records.locations import DatabaseSettings
from modelkeep.records.sql import migrations, schema
from modelkeep.records.sql.database import (
    ChangeCounter,
    RecordDatabase,
    Row,
    Transaction,
    damaged,
)

_MEMORY = ":memory:"
_DIALECT = SqliteDialect()
#: What a connection that reads keeps of the file: the whole of some ten thousand models.
_CACHE_KIB = 16 * 1024
#: Deletes nothing, but takes the write lock while waiting is still possible: a transaction that
#: has read cannot wait for it any more.
_TAKE_WRITE_LOCK = schema.schema_version.delete().where(schema.schema_version.c.version < 0)


class ConnectionHolder(Protocol):
    """A connection that the caller opened and will close, and its lock."""

    @property
    def conn(self) -> sqlite3.Connection:
        """The open connection."""
        ...

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """A ``threading.Lock`` or ``RLock``, taken once for each transaction."""
        ...


class SqliteDatabase(RecordDatabase):
    """The SQLite file of a catalogue.

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
        conn: The connection that writes; take ``lock`` before using it.
        path: The file, or None.
        name: The database, for messages.
        damage: What was found damaged in the file, or an empty string; nothing is written then.
        is_readonly: This user may not write the file, so it is opened to read alone.
        backup: The file as it was before the upgrade that opening it took, or None.
        readers: Makes the connections that read; None where ``conn`` reads too.

    Raises:
        WrongDatabaseError: the file is not a catalogue of ours.
        NewerDatabaseError: it was written by a newer modelkeep.
        CorruptDatabaseError: it is damaged, so that nothing can be read.
        DatabaseLockedError: another process holds it for too long.
        NotWritableError: the file or its folder cannot be written.
        NoSpaceError: there is no room for an upgrade.
    """

    dialect = _DIALECT

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
        self.readers: Engine | None = None
        self._timeout = timeout
        self._logger = logger or logging.getLogger(__name__)
        self._is_closed = False
        self._idle: list[Connection] = []
        self._changes = ChangeCounter()
        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()
        self._seen = (0, 0)  # when it was looked last, and the counter then
        self._is_ours = is_ours_alone(self.path, self.name) if self.path else True
        self.is_readonly = bool(
            self.path and self.path.exists() and not access.is_changeable(self.path)
        )
        if self.path and not self.is_readonly:
            make_folder(self.path.parent)
            make_shared_file(self.path)
        with translated(self.name, self.path):
            self.conn = self._open()
            try:
                self.conn.row_factory = sqlite3.Row
                self._prepare()
            except BaseException:
                self.conn.close()
                raise
        self._writer = engine_of(lambda: Handle(self, "BEGIN IMMEDIATE")).connect()
        self._reader = engine_of(lambda: Handle(self, None)).connect()

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self.lock, self._watching, translated(self.name, self.path):
            self._is_closed = True
            while self._idle:
                self._idle.pop().close()
            if self.readers is not None:
                self.readers.dispose()
            if self._watcher is not None:
                self._watcher.close()
            self.conn.close()

    @property
    def never_waits(self) -> bool:
        """Whether those who read have connections of their own."""
        return self.readers is not None

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Begin a transaction whose statements all see the same state."""
        with translated(self.name, self.path, self._note_damage):
            if self.readers is not None:
                with self._idle_reader(self.readers) as connection, connection.begin():
                    yield Transaction(connection, _DIALECT)
            else:
                with self.lock, self._reader.begin():
                    yield Transaction(self._reader, _DIALECT)

    def lookup(self, statement: Select[Any], values: Mapping[str, Any]) -> list[Row]:
        """Return the rows of one statement, without a transaction around it."""
        if self.readers is None:
            return super().lookup(statement, values)
        made = compiled(statement)
        with (
            translated(self.name, self.path, self._note_damage),
            self._idle_reader(self.readers) as connection,
        ):
            cursor = connection.connection.cursor()
            cursor.execute(made.text, made.values(values))
            return list(cursor.fetchall())

    def only_row(self, statement: Select[Any], values: Mapping[str, Any]) -> Row:
        """Return the row of a statement that has one in any case, found in one step."""
        if self.readers is None:
            return super().only_row(statement, values)
        made = compiled(statement)
        with (
            translated(self.name, self.path, self._note_damage),
            self._idle_reader(self.readers) as connection,
            closing(connection.connection.cursor()) as cursor,
        ):
            cursor.execute(made.text, made.values(values))
            # Not ``fetchall``: other threads may run at each step, and leave late.
            return cast("Row", cursor.fetchone())

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Begin a transaction that is done completely, or rolled back on an error."""
        with self.lock, translated(self.name, self.path, self._note_damage):
            if self.damage:
                raise damaged(self.name, self.damage)
            if self.is_readonly:
                raise self._not_writable("cannot be changed")
            with self._writer.begin():
                yield Transaction(self._writer, _DIALECT)

    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process."""
        if self.readers is None:
            with self.lock, translated(self.name, self.path):
                return self._changes.note(_observed(self.conn))
        asked = time.monotonic_ns()
        # Not the lock of those who write: a long change must not hold up who only asks.
        with self._watching, translated(self.name, self.path):
            began, counter = self._seen
            if began > asked:  # another thread looked while this one waited for its turn
                return counter
            began = time.monotonic_ns()
            if self._watcher is None:
                self._watcher = self._connect()
            # It changes nothing itself, so this number moves with every change of all others.
            version = sqlite_tables.rows_of(self._watcher, "PRAGMA data_version")
            counter = self._changes.note(version)
            self._seen = began, counter
            return counter

    def integrity_errors(self) -> list[str]:
        """Read the whole file and return what is wrong with it; empty when all is well."""
        with self.lock, translated(self.name, self.path):
            found = [str(row[0]) for row in self.conn.execute("PRAGMA integrity_check")]
            orphans = self.conn.execute("PRAGMA foreign_key_check").fetchall()
        broken = [f"a row of {row[0]} belongs to no row of {row[2]}" for row in orphans]
        return [line for line in found if line != "ok"] + broken

    @contextmanager
    def _idle_reader(self, readers: Engine) -> Iterator[Connection]:
        """Lend a connection, kept for the next read: the pool takes as long as a read."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = readers.connect()
        try:
            yield connection
        finally:
            if self._is_closed or len(self._idle) >= IDLE_READERS:
                connection.close()
            else:
                self._idle.append(connection)

    def _note_damage(self, reason: str) -> None:
        self.damage = self.damage or reason

    def _open(self) -> sqlite3.Connection:
        if self.path and self.is_readonly:  # a log made by this user would lock the others out
            return open_for_looking(self.path)
        return sqlite3.connect(
            self.path or _MEMORY,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )

    def _not_writable(self, what: str) -> NotWritableError:
        reason, hint = access.why_not_changeable(self.path or Path())
        return NotWritableError(f"The catalogue {self.name} {what}: {reason}", hint=hint)

    def _connect(self) -> sqlite3.Connection:
        """Open the file once more, to read."""
        if self._is_closed or self.path is None:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",  # it is there, and is not made again
            uri=True,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only = ON").close()
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}").close()
        return connection

    def _prepare(self) -> None:
        execute = self.conn.execute
        if self.is_readonly:
            if sqlite_tables.check(self.conn, self.name) < migrations.newest():
                raise self._not_writable("has to be upgraded")
            self._look_for_damage()
            return
        execute("PRAGMA foreign_keys = ON")
        execute("PRAGMA synchronous = FULL")
        is_shared = self.path is not None and _on_network(self.path)
        if is_shared:
            self._logger.warning("%s is on a network file system; a local disk is safer", self.name)
        if self._is_ours and is_shared:
            execute("PRAGMA journal_mode = TRUNCATE")
        version = sqlite_tables.check(self.conn, self.name)
        if not version:
            self._initialise()
        elif version < migrations.newest():
            self._upgrade(version)
        if self._is_ours and not is_shared and self.path is not None:
            self._use_write_ahead_log()
            follow_group(beside(self.path), self.path)
        self._look_for_damage()

    def _initialise(self) -> None:
        with self._transaction():
            if sqlite_tables.check(self.conn, self.name):  # another process was first
                return
            refuse_other_tables(self.conn, self.name)
            self.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self.conn.execute(f"PRAGMA user_version = {migrations.newest()}")
            sqlite_tables.create(self.conn)

    def _upgrade(self, version: int) -> None:
        from modelkeep.records.dialects.sqlite_upgrade import (  # noqa: PLC0415 - seldom needed
            Target,
            upgrade,
        )

        target = Target(self.conn, self.name, self.path, self._is_ours)
        # Dropping a table takes the rows that refer to it, and a step may make one anew.
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
            mode = self.conn.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            # Another process is opening the file too, or it is read-only: the other journal is
            # as safe, and the next one to open the file tries again.
            if primary_code(error) not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY}:
                raise
            return
        if mode == "wal":
            self.readers = pooled_engine(
                lambda: Handle(_Opened(self._connect()), "BEGIN", is_owned=True)
            )

    def _look_for_damage(self) -> None:
        try:
            found = found_damage(self.conn)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            found = str(error)
        if found:
            self.damage = found
            self._logger.warning("%s, so it is opened read-only", damaged(self.name, found))


class LentDatabase(RecordDatabase):
    """A database opened by the caller, with our tables beside its own.

    Every transaction is a savepoint under the lock of the owner, and no setting is changed. Our
    tables are made if none are there, and upgraded if they are of an older version. A backup is
    made beside the file first, unless there is no file, the connection keeps it to itself, or its
    owner is in the middle of a transaction: what is committed is another state then, and a
    rollback of the owner undoes the upgrade too.

    Raises:
        WrongDatabaseError: some of our tables are there and some are not.
        DatabaseError: the database cannot be used.
    """

    dialect = _DIALECT

    def __init__(self, holder: ConnectionHolder) -> None:
        self._holder = holder
        self._changes = ChangeCounter()
        with holder.lock:
            self._path = _file_of(holder.conn)
            self.name = shown(self._path) if self._path else "of the lent connection"
            self._connection = engine_of(lambda: Handle(holder, None)).connect()
            with translated(self.name, self._path):
                version = sqlite_tables.check(holder.conn, self.name)
                if not version:
                    with self._connection.begin():
                        sqlite_tables.create(holder.conn)
                elif version < migrations.newest():
                    self._upgrade(version)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Begin a transaction whose statements all see the same state."""
        with (
            self._holder.lock,
            translated(self.name, self._path),
            self._connection.begin(),
        ):
            yield Transaction(self._connection, _DIALECT)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Begin a transaction that is done completely, or rolled back on an error."""
        with self.reading() as transaction:
            transaction.change(_TAKE_WRITE_LOCK)
            yield transaction

    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process."""
        with self._holder.lock, translated(self.name, self._path):
            return self._changes.note(_observed(self._holder.conn))

    def _upgrade(self, version: int) -> None:
        from modelkeep.records.dialects.sqlite_upgrade import (  # noqa: PLC0415 - seldom needed
            Target,
            upgrade,
        )

        connection = self._holder.conn
        ((locking,),) = sqlite_tables.rows_of(connection, "PRAGMA locking_mode")
        is_shared = not connection.in_transaction and sqlite_tables.text_of(locking) == "normal"
        path = self._path if is_shared else None
        target = Target(connection, self.name, path, is_ours_alone=False)
        upgrade(target, version, self._locked(), logging.getLogger(__name__))

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        with self._connection.begin():
            self._connection.execute(_TAKE_WRITE_LOCK)
            yield self._connection


class _Opened:
    """Has a connection of our own."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn


def path_of(location: DatabaseSettings | Path | str | None) -> Path | None:
    """Return the file that a location names; None for a database in memory."""
    if location is None or location == _MEMORY or getattr(location, "use_memory_db", False):
        return None
    if isinstance(location, str | os.PathLike):
        return Path(location).absolute()
    return Path(location.db_path).absolute()


def _observed(connection: sqlite3.Connection) -> object:
    """Return what moves when others change a database, and when its own connection does."""
    version = sqlite_tables.rows_of(connection, "PRAGMA data_version")
    return version, connection.total_changes


def _on_network(path: Path) -> bool:
    return mounts.is_network(mounts.file_system_of(path, mounts.mount_table()))


def _file_of(connection: sqlite3.Connection) -> Path | None:
    with translated("of the lent connection"):
        found = sqlite_tables.rows_of(connection, "PRAGMA database_list")
    file = sqlite_tables.text_of(found[0][2] or "") if found else ""
    return Path(file) if file else None

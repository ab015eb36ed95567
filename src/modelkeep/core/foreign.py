"""Reading the SQLite databases of other programs, while they run, without leaving a trace."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.errors import SourceNotFoundError, UnreadableSourceError

#: How long a read waits for a program that is writing, seconds.
_TIMEOUT = 5.0
_AGAIN = "The program is writing to it. Wait until it is idle, then try again."


@contextmanager
def foreign_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open another program's SQLite database for reading.

    Neither the file nor its log nor the log's index is changed, and none of them is made. What
    the other program has committed is seen, also where it is in the log alone. The rows come as
    ``sqlite3.Row``; bytes that are no UTF-8 come as replacement characters.

    Raises:
        SourceNotFoundError: there is no such file.
        UnreadableSourceError: it is damaged or no database, may not be read, or was written to in
            a way that reading it cannot see; also for what is asked of the connection meanwhile.
    """
    if not path.is_file():
        raise SourceNotFoundError(
            f"{shown(path)} does not exist", hint="Check the path. Nothing was changed."
        )
    way = _way_to_read(path)
    before = _state(path)
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?{way}", uri=True, timeout=_TIMEOUT)
        try:
            connection.row_factory = sqlite3.Row
            connection.text_factory = _text
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        if _changed_unseen(path, way, before):
            raise _changed(path) from error
        raise UnreadableSourceError(
            f"The database {shown(path)} cannot be read: {error}",
            hint="Check that its own program can open it. Nothing was changed.",
        ) from error
    if _changed_unseen(path, way, before):
        raise _changed(path)


def log_is_out_of_reach(path: Path) -> bool:
    """Tell whether a database has a log that cannot be read without making its index.

    That is a copy of a running program's files in which the ``-shm`` file was left behind.
    ``foreign_database`` then gives what was there before the log.
    """
    log, index = _beside(path, "-wal"), _beside(path, "-shm")
    return _size(log) > 0 and not index.exists()


def _way_to_read(path: Path) -> str:
    """Return the parameters with which SQLite reads the file and changes nothing.

    A log with its index can be read through, the index too being opened for reading only; when
    nobody else has it open, SQLite makes one in memory. Without an index it would make one on the
    disk: then the file is read as it is, and the time of its last change tells whether that was
    right. A rollback journal is there while someone writes: their locks are to be heeded.
    """
    if _size(_beside(path, "-journal")) > 0:
        return "mode=ro"
    if _beside(path, "-wal").exists() and _beside(path, "-shm").exists():
        return "mode=ro&readonly_shm=1"
    return "immutable=1"


def _changed_unseen(path: Path, way: str, before: object) -> bool:
    return way == "immutable=1" and _state(path) != before


def _state(path: Path) -> tuple[int, int, int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return (0, 0, 0, 0)
    logs = _size(_beside(path, "-wal")), _size(_beside(path, "-journal"))
    return (status.st_size, status.st_mtime_ns, *logs)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _changed(path: Path) -> UnreadableSourceError:
    return UnreadableSourceError(
        f"The database {shown(path)} changed while it was read", hint=_AGAIN
    )

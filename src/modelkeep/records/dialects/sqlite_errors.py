"""Errors of SQLite, translated to ours by their codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from modelkeep.disk.access import why_not_changeable
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    DatabaseLockedError,
    ModelKeepError,
    NoSpaceError,
    NotWritableError,
    UsageError,
)
from modelkeep.records.dialects.sqlite_locks import holders
from modelkeep.records.sql.database import damaged


class _Fault(NamedTuple):
    kind: Callable[..., ModelKeepError]
    what: str
    hint: str


_LOCKED = _Fault(
    DatabaseLockedError,
    "is held by another process",
    "Wait until the other program is done, then try again.",
)
_DAMAGED = _Fault(CorruptDatabaseError, "is damaged", damaged("", "").hint)
_READ_ONLY = _Fault(
    NotWritableError,
    "cannot be written",
    "Check the owner of the file and its folder, and whether the disk is mounted read-only.",
)
_FULL = _Fault(
    NoSpaceError,
    "cannot grow: the disk is full",
    "Free some space, for example with: modelkeep trash empty",
)
#: Even looking at it takes some kilobytes, and emptying the trash begins with a look.
_NO_ROOM_TO_READ = _Fault(
    NoSpaceError,
    "cannot be opened: the disk is full",
    "Free a megabyte by hand, then run for example: modelkeep trash empty",
)
_OTHER = _Fault(DatabaseError, "refuses", "Try again. This call changed nothing.")
_MISUSED = _OTHER._replace(
    hint="Keep the connection open, and open it with check_same_thread=False."
)

#: Result codes of SQLite (https://sqlite.org/rescode.html), extended ones first.
_FAULTS: dict[int, _Fault] = {
    sqlite3.SQLITE_IOERR_SHORT_READ: _DAMAGED,
    sqlite3.SQLITE_IOERR_SHMSIZE: _NO_ROOM_TO_READ,
    sqlite3.SQLITE_IOERR_SHMOPEN: _NO_ROOM_TO_READ,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FORMAT: _DAMAGED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_AUTH: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
}


def database_error(error: sqlite3.Error, name: str, path: Path | None = None) -> ModelKeepError:
    """Return our error for an error of SQLite.

    Args:
        error: Of SQLite.
        name: The database, for messages.
        path: Its file, where there is one: the message names who holds it.
    """
    fault = _fault_of(error)
    reason, hint = str(error), fault.hint
    if fault is _READ_ONLY and path is not None:
        why, hint = why_not_changeable(path)
        reason = why or reason
    if fault is _LOCKED and path is not None and (known := holders(path)):
        reason += f" by {', '.join(known)}"
    return fault.kind(f"The catalogue {name} {fault.what}: {reason}", hint=hint)


def primary_code(error: BaseException) -> int:
    """Return the primary result code of an error of SQLite: the low byte; 0 when it has none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def is_damage(error: BaseException) -> bool:
    """Tell whether SQLite found a database damaged."""
    return primary_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def translated(
    name: str, path: Path | None = None, note: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Raise errors of ours, naming the database, in place of those of SQLite.

    Args:
        name: The database, for messages.
        path: Its file, where there is one.
        note: Called with what is damaged, when that is the error.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, sqlite3.Error):
            raise
        if note is not None and is_damage(cause):
            note(str(cause))
        raise database_error(cause, name, path) from error
    except OverflowError as error:
        raise UsageError(
            f"A number is too large for the catalogue {name}: {error}",
            hint="Use numbers of at most 64 bits.",
        ) from error


def _fault_of(error: sqlite3.Error) -> _Fault:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _FAULTS.get(code) or _FAULTS.get(primary_code(error), _OTHER)
    if isinstance(error, sqlite3.OperationalError):
        # The Python module raises it for one thing: text that is not UTF-8. We never write any.
        return _DAMAGED
    return _MISUSED if isinstance(error, sqlite3.ProgrammingError) else _OTHER

"""What SQLite refuses, said as errors of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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

_DAMAGED_HINT = "Stop other programs, keep a copy of the file, then run: modelkeep doctor"


class _Fault(NamedTuple):
    kind: Callable[..., ModelKeepError]
    what: str
    hint: str


_LOCKED = _Fault(
    DatabaseLockedError,
    "is held by another process",
    "Wait until the other program is done with it, then try again.",
)
_DAMAGED = _Fault(CorruptDatabaseError, "is damaged", _DAMAGED_HINT)
_READ_ONLY = _Fault(
    NotWritableError,
    "cannot be written",
    "Check who owns the file and its folder, and whether the disk is mounted read-only.",
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
    "Free a megabyte by hand, then for example run: modelkeep trash empty",
)
_OTHER = _Fault(DatabaseError, "refuses", "Try again; nothing was changed by this call.")

#: Primary result codes of SQLite (https://sqlite.org/rescode.html) and what they mean here.
_FAULTS: dict[int, _Fault] = {
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

#: The low byte of an extended result code is the primary one.
_PRIMARY = 0xFF


def database_error(error: sqlite3.Error, name: str, path: Path | None = None) -> ModelKeepError:
    """Return the error of ours that says what ``error`` says of the database ``name``.

    Args:
        error: What SQLite said.
        name: The database, for messages.
        path: Its file, where there is one: then the message says who holds it.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:
        fault = _DAMAGED
    elif code in {sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN}:
        fault = _NO_ROOM_TO_READ
    elif code is not None:
        fault = _FAULTS.get(code & _PRIMARY, _OTHER)
    elif "decode" in str(error):  # text that is no UTF-8; we never write any
        fault = _DAMAGED
    elif isinstance(error, sqlite3.ProgrammingError):
        fault = _OTHER._replace(
            hint="Keep the connection open, and open it with check_same_thread=False."
        )
    else:
        fault = _OTHER
    reason = str(error)
    if fault is _LOCKED and path is not None and (known := holders(path)):
        reason += f" by {', '.join(known)}"
    return fault.kind(f"The catalogue {name} {fault.what}: {reason}", hint=fault.hint)


def is_damage(error: BaseException) -> bool:
    """Tell whether SQLite found a database damaged."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & _PRIMARY in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def damaged(name: str, reason: str) -> CorruptDatabaseError:
    """Return the error for contents that we cannot have written."""
    return CorruptDatabaseError(f"The catalogue {name} is damaged: {reason}", hint=_DAMAGED_HINT)


@contextmanager
def translated(name: str, path: Path | None = None) -> Iterator[None]:
    """Raise errors of ours, naming the database, in place of those of sqlite3.

    Args:
        name: The database, for messages.
        path: Its file, where there is one.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise database_error(error, name, path) from error
    except OverflowError as error:
        raise UsageError(
            f"A number is too large for the catalogue {name}: {error}",
            hint="Numbers have at most 64 bits.",
        ) from error

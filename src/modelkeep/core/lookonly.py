"""SQLite files opened read-only; neither they nor files beside them are changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

#: How long a look waits for a process that writes, seconds.
_PATIENCE = 5.0


def beside(path: Path) -> tuple[Path, ...]:
    """Return the files that SQLite makes beside a database: the log, its index, the journal."""
    return tuple(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))


def open_for_looking(path: Path) -> sqlite3.Connection:
    """Open a SQLite file that is there, so that nothing on the disk changes.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    # Where nothing is beside the file nobody has it open, and all of it is in the file.
    # Otherwise a part may be in the log, and the locks of the others have to be kept.
    is_alone = not any(file.exists() for file in beside(path))
    way = "immutable=1" if is_alone else "mode=ro"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{way}",
        uri=True,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )


def copy_for_looking(path: Path) -> sqlite3.Connection:
    """Return a copy of a SQLite file in memory; of a file that is not there, an empty one.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if path.exists() and path.stat().st_size:
        try:
            with closing(open_for_looking(path)) as connection:
                connection.backup(copy)
        except BaseException:
            copy.close()
            raise
    return copy

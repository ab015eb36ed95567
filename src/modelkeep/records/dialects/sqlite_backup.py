"""``Backup``: a complete copy of a database, kept only if the following change succeeds."""

from __future__ import annotations

import glob
import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from modelkeep.core.lookonly import open_for_looking
from modelkeep.core.names import real_path, shown, size_text, unique_name
from modelkeep.disk import paths
from modelkeep.disk.access import is_changeable
from modelkeep.errors import ModelKeepError, NoSpaceError
from modelkeep.records.dialects.sqlite_errors import translated
from modelkeep.records.sql.database import damaged

#: Pages copied in one go.
_STEP = 2000
#: The backup, the rows copied aside, and the log that both versions of the rows go through.
_ROOM = 4


class Backup:
    """A copy that disappears when an error leaves the ``with`` block.

    Its transaction has to be inside the block, and to hold the write lock of the database from
    ``make`` on: then the copy is what is in the database, and what an earlier run left behind
    is nobody's.

    Args:
        name: The database, for messages.

    Attributes:
        path: The copy, once it is published; beside the database.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._draft: Path | None = None
        self._final = Path()
        self.path: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            return
        for left in (self._draft, self.path):
            # What cannot be removed now is a draft that the next run removes, or a good copy.
            with suppress(ModelKeepError):
                if left is not None:
                    paths.remove_file(left)
        self.path = None

    def make(self, path: Path, version: int) -> None:
        """Copy the database and read the copy whole; it has no name of its own yet.

        Args:
            path: The file of the database.
            version: The version of its tables, for the name of the copy.

        Raises:
            CorruptDatabaseError: the database is damaged.
            NoSpaceError: there is no room for the copy and the upgrade.
        """
        path = real_path(path)
        for left in path.parent.glob(_draft_name(glob.escape(path.name), "*") + "*"):
            paths.remove_file(left)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self._final = path.with_name(
            unique_name(
                f"{path.name}.v{version}-{stamp}.bak", lambda name: path.with_name(name).exists()
            )
        )
        # Through a connection of its own, which sees what is committed; and by SQLite alone, see
        # ``records.dialects.sqlite_files``.
        with (
            translated(self._name, path),
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
        ):
            self._require_room(source, path)
            draft = path.with_name(_draft_name(path.name, str(os.getpid())))
            paths.make_file(draft, stat.S_IMODE(path.stat().st_mode))
            self._draft = draft
            _copy(source, draft, self._name)
        paths.fsync(draft)

    def publish(self) -> None:
        """Give the copy its name, if one was made."""
        if self._draft is not None:
            paths.publish(self._draft, self._final)
            self._draft, self.path = None, self._final

    def _require_room(self, source: sqlite3.Connection, path: Path) -> None:
        pages, page = (
            source.execute(f"PRAGMA {number}").fetchone()[0]
            for number in ("page_count", "page_size")
        )
        need, there = _ROOM * pages * page, paths.free_space(path.parent)
        if there < need:
            raise NoSpaceError(
                f"{size_text(need)} are needed beside {shown(path)} for the backup and the upgrade,"
                f" but only {size_text(there)} are free",
                hint="Free some space, then try again.",
            )


def back_up(path: Path, target: Path) -> None:
    """Copy a database that programs may be using to a new file, as it is at one moment.

    Raises:
        DuplicateModelException: ``target`` exists.
        CorruptDatabaseError: the database is damaged.
        NoSpaceError: there is no room for the copy.
    """
    name = shown(path)
    draft = target.with_name(_draft_name(target.name, str(os.getpid())))
    with translated(name, path), closing(_reader(path)) as source:
        paths.make_file(draft, stat.S_IMODE(path.stat().st_mode))
        try:
            _copy(source, draft, name)
            paths.fsync(draft)
            paths.publish(draft, target)
        except BaseException:
            paths.remove_file(draft)
            raise


def _reader(path: Path) -> sqlite3.Connection:
    """Open a database to copy it, among others that write it where this user may do so too."""
    if not is_changeable(path):
        return open_for_looking(path)
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)
    connection.execute("PRAGMA query_only = ON").close()
    return connection


def _copy(source: sqlite3.Connection, draft: Path, name: str) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as target:
        # The copy counts once it is synced as a whole, and not before.
        target.execute("PRAGMA synchronous = OFF")
        # Page by page: VACUUM INTO would renumber rows, and leave out what is damaged.
        source.backup(target, pages=_STEP)
        # One file, with no log beside it.
        target.execute("PRAGMA journal_mode = DELETE").fetchone()
        wrong = [str(row[0]) for row in target.execute("PRAGMA integrity_check(5)")]
    if wrong != ["ok"]:
        raise damaged(name, "; ".join(wrong))


def _draft_name(name: str, mark: str) -> str:
    return f".{name}.{mark}.upgrade"

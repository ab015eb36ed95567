"""Rows of a damaged SQLite file: by the tree of their table and, where that is broken, by pages.

The file is a run of pages of one size. Those with rows ("leaves") are found through the pages
above them, up to the first page of the file, which lists the tables
(https://sqlite.org/fileformat.html). One bad page near the top hides all that are below it, which
are whole: they are then read one by one, as if each were a table of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

from modelkeep.records.sql import schema

Row = dict[str, Any]

_PAGE = 4096
#: First byte of a page with rows of a table.
_LEAF = 0x0D
#: Rows are looked for so far behind one that cannot be read.
_REACH = 2**48
#: Tables whose rows show by what is in them that they are rows of it.
_TELLING = frozenset({"mk_model", "mk_file", "mk_metadata"})


def readable_rows(
    data: bytes, table: str, fits: Callable[[Row], bool] | None = None
) -> Iterator[Row]:
    """Give the rows of a table that can be read, in no order, each once.

    Such as were deleted may be among them.

    Args:
        data: The whole file.
        table: One of ours.
        fits: Whether a row can be one of this table. Rows of others are met with where the tree
            is broken, and must not hide one of the same number.
    """
    tree = _Tree(data, table)
    seen: set[int] = set()
    for number, row in tree.rows():
        seen.add(number)
        yield row
    if tree.is_whole or table not in _TELLING:
        return
    latest: dict[int, Row] = {}
    for number, row in _rows_of_leaves(data, table):
        if (
            number not in seen
            and (fits is None or fits(row))
            and _age(row) >= _age(latest.get(number, {}))
        ):
            latest[number] = row
    yield from latest.values()


def _age(row: Row) -> float:
    value = row.get("updated_at")
    return value if isinstance(value, float) else 0.0


class _Tree:
    """The rows of a table as SQLite finds them.

    Attributes:
        is_whole: All of them could be read.
    """

    def __init__(self, data: bytes, table: str) -> None:
        self._data = data
        self._table = table
        self.is_whole = False

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Give (number, row) in the order of the numbers, passing over what is damaged."""
        with closing(_opened(self._data)) as connection:
            try:
                columns = _columns(connection, self._table)
            except (sqlite3.Error, UnicodeDecodeError, TypeError):
                return
            if not columns:
                return
            self.is_whole = True
            start: int | None = 1
            while start is not None:
                last = start - 1
                try:
                    for number, values in _rows_from(connection, self._table, start):
                        if number <= last:  # a page that leads back
                            self.is_whole = False
                            return
                        last = number
                        if (row := _decoded(columns, values)) is not None:
                            yield number, row
                except sqlite3.Error:
                    self.is_whole = False
                else:
                    return
                start = _next_readable(connection, self._table, last + 1)


def _rows_of_leaves(data: bytes, table: str) -> Iterator[tuple[int, Row]]:
    """Read each page with rows as if it were this table."""
    image = _with_one_table(data, table)
    with closing(_opened(image)) as connection:
        columns = _columns(connection, table)
        leaves = [n for n in range(1, len(image) // _PAGE) if image[n * _PAGE] == _LEAF]
        for page in leaves:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET rootpage = ?", (page + 1,))
            connection.execute("PRAGMA writable_schema = RESET")
            with suppress(sqlite3.Error):
                for number, values in _rows_from(connection, table, 1):
                    if (row := _decoded(columns, values)) is not None:
                        yield number, row


def _with_one_table(data: bytes, table: str) -> bytes:
    """Return the pages of a file with a first one that lists one table, whatever page it is at."""
    names = [column.name for column in schema.tables.tables[table].columns]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        listed = ", ".join(f"{n} INTEGER PRIMARY KEY" if n == "id" else n for n in names)
        connection.execute(f"CREATE TABLE {table} ({listed})")
        first = bytearray(connection.serialize()[:_PAGE])
    pages = -(-len(data) // _PAGE)
    first[28:32] = pages.to_bytes(4, "big")
    first[92:96] = first[24:28]  # the number of pages holds
    return bytes(first) + data[_PAGE:].ljust((pages - 1) * _PAGE, b"\0")


def _opened(data: bytes) -> sqlite3.Connection:
    image = bytearray(data)
    image[18:20] = b"\x01\x01"  # no log: what was in one is in the pages by now
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = bytes
    connection.deserialize(bytes(image))
    return connection


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [bytes(row[1]).decode() for row in connection.execute(f"PRAGMA table_info({table})")]


def _rows_from(
    connection: sqlite3.Connection, table: str, start: int
) -> Iterator[tuple[int, list[Any]]]:
    """Give (number, values) from a number on."""
    statement = f"SELECT rowid, * FROM {table} WHERE rowid >= ? ORDER BY rowid"  # noqa: S608 - ours
    for number, *values in connection.execute(statement, (start,)):
        yield int(number), values


def _can_read(connection: sqlite3.Connection, table: str, start: int) -> bool:
    statement = f"SELECT * FROM {table} WHERE rowid >= ? ORDER BY rowid LIMIT 1"  # noqa: S608 - ours
    try:
        connection.execute(statement, (start,)).fetchone()
    except sqlite3.Error:
        return False
    return True


def _next_readable(connection: sqlite3.Connection, table: str, start: int) -> int | None:
    """Return the first number behind ``start`` from which rows can be read; None when none can."""
    step = 1
    while not _can_read(connection, table, start + step):
        step *= 2
        if step > _REACH:
            return None
    low, high = start + step // 2, start + step
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _can_read(connection, table, middle) else (middle, high)
    return high


def _decoded(columns: list[str], values: list[Any]) -> Row | None:
    try:
        return {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in zip(columns, values, strict=True)
        }
    except UnicodeDecodeError:
        return None

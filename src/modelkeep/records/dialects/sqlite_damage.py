"""A quick look for damage in a catalogue's file."""

from __future__ import annotations

import sqlite3

#: Pages of a file that is checked whole when it is opened; some 2,000 models, 5 ms.
_CHECKED_PAGES = 1024


def found_damage(connection: sqlite3.Connection) -> str:
    """Read a small file whole and say what is damaged in it; empty when nothing is found.

    Of a large file nothing is read: that would take too long at each start.

    Raises:
        sqlite3.DatabaseError: it cannot be read.
    """
    if connection.execute("PRAGMA page_count").fetchone()[0] > _CHECKED_PAGES:
        return ""
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if found == "ok" else found

"""Models that were removed and whose files stayed: a sync leaves them out until they are asked for.

Losing the table costs no more than that a sync registers them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from modelkeep.jobs.state import StateDatabase


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One removed model whose files stayed.

    Attributes:
        root, path: Where it is: the root, and the path below it.
        size: Bytes of all its files.
        mtime_ns, inode: Of a model of one file, which may be renamed; 0 for a folder.
        sample: The sample hash of its bytes; empty when that is not known.
    """

    root: str
    path: str
    size: int
    mtime_ns: int = 0
    inode: int = 0
    sample: str = ""


def left_out(state: StateDatabase) -> list[LeftOut]:
    """Return all of them."""
    rows = state.select("SELECT root, path, size, mtime_ns, inode, sample FROM left_out")
    return [LeftOut(*row) for row in rows]


def leave_out(state: StateDatabase, model: LeftOut) -> None:
    """Leave a model out from now on."""
    with state.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO left_out VALUES (?, ?, ?, ?, ?, ?)",
            astuple(model),
        )


def take_in(state: StateDatabase, places: Iterable[tuple[str, str]]) -> None:
    """Leave models out no longer, by root and path."""
    with state.transaction() as connection:
        connection.executemany("DELETE FROM left_out WHERE root = ? AND path = ?", list(places))

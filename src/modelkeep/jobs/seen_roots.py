"""Where each root was last seen and on which disk, to detect whether it is online."""

from __future__ import annotations

from dataclasses import dataclass

from modelkeep.jobs.state import StateDatabase

_TABLE = (
    "CREATE TABLE IF NOT EXISTS root_seen ("
    " name TEXT PRIMARY KEY, path TEXT NOT NULL, identity TEXT NOT NULL DEFAULT '')"
)


@dataclass(frozen=True, slots=True)
class SeenRoot:
    """What is remembered of one root.

    Attributes:
        path: Where it was.
        identity: Which folder of which disk that was when models were seen in it; empty when
            none were yet.
    """

    path: str
    identity: str = ""


def seen_roots(state: StateDatabase) -> dict[str, SeenRoot]:
    """Return what is remembered, by name of the root; also of roots that are gone."""
    with state.transaction() as connection:
        connection.execute(_TABLE)
        rows = connection.execute("SELECT name, path, identity FROM root_seen").fetchall()
    return {str(row["name"]): SeenRoot(str(row["path"]), str(row["identity"])) for row in rows}


def note_root(state: StateDatabase, name: str, seen: SeenRoot) -> None:
    """Remember a root as it is now."""
    with state.transaction() as connection:
        connection.execute(_TABLE)
        connection.execute(
            "INSERT INTO root_seen VALUES (?, ?, ?) ON CONFLICT (name)"
            " DO UPDATE SET path = excluded.path, identity = excluded.identity",
            (name, seen.path, seen.identity),
        )


def forget_root(state: StateDatabase, name: str) -> None:
    """Remember a root no more."""
    with state.transaction() as connection:
        connection.execute(_TABLE)
        connection.execute("DELETE FROM root_seen WHERE name = ?", (name,))

"""The catalogues that were made for this root, to find one again after a change of settings."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.names import path_to_text, text_to_path
from modelkeep.jobs.state import StateDatabase


def note_catalogue(state: StateDatabase, root: Path, file: Path) -> None:
    """Remember a catalogue as the one that was used last.

    One inside the root is noted relative to it: a copy of the root has a catalogue of its own.
    """
    noted = path_to_text(file.relative_to(root) if file.is_relative_to(root) else file)
    with state.transaction() as connection:
        connection.execute("DELETE FROM catalogue WHERE path = ?", (noted,))
        connection.execute("INSERT INTO catalogue VALUES (?)", (noted,))


def noted_catalogues(state: StateDatabase, root: Path) -> list[Path]:
    """Return those that are remembered, the one used last at the end; they may be gone."""
    rows = state.select("SELECT path FROM catalogue ORDER BY rowid")
    return [root / text_to_path(str(row["path"])) for row in rows]

"""The catalogues that were made for this root, to find one again after a change of settings."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.names import path_to_text, text_to_path
from modelkeep.jobs.state import StateDatabase


def note_catalogue(state: StateDatabase, file: Path) -> None:
    """Remember a catalogue."""
    with state.transaction() as connection:
        connection.execute("INSERT OR IGNORE INTO catalogue VALUES (?)", (path_to_text(file),))


def noted_catalogues(state: StateDatabase) -> list[Path]:
    """Return those that are remembered; they may be gone."""
    rows = state.select("SELECT path FROM catalogue ORDER BY path")
    return [text_to_path(str(row["path"])) for row in rows]

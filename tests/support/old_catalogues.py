"""Catalogues as earlier versions wrote them; see ``tests/data/catalogues/README.md``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from modelkeep.core.metadata import metadata_from_json
from modelkeep.errors import UnknownMetadataException
from modelkeep.records.service import ModelRecordServiceBase

FOLDER = Path(__file__).parents[1] / "data" / "catalogues"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))
#: Fields that records did not have yet, or had before they meant anything.
_LATER = {"root", "state", "preview"}


def put(name: str, path: Path) -> Path:
    """Make the database of a dump."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        put_into(name, connection)
        if connection.execute("PRAGMA application_id").fetchone()[0]:
            connection.execute("PRAGMA journal_mode = WAL")
    return path


def put_into(name: str, connection: sqlite3.Connection) -> None:
    """Run a dump, transaction and all."""
    (keys,) = connection.execute("PRAGMA foreign_keys").fetchone()
    connection.execute("PRAGMA foreign_keys = OFF")  # tables come in any order
    connection.executescript((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA foreign_keys = {keys}")


def expected(name: str) -> list[dict[str, Any]]:
    """Return what the program of that time read in the database."""
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for record in found:
        record["config"] = _without_later(record["config"])
        if record["metadata"] is not None:
            record["metadata"] = metadata_from_json(json.dumps(record["metadata"]))
    result: list[dict[str, Any]] = found
    return result


def contents(store: ModelRecordServiceBase) -> list[dict[str, Any]]:
    """Return what can be read now, in the same form."""
    found = []
    tags = {item.key: item.tags for item in store.list_models(per_page=10_000).items}
    for model in sorted(store.all_models(), key=lambda model: model.key):
        try:
            metadata = store.get_metadata(model.key)
        except UnknownMetadataException:
            metadata = None
        found.append(
            {
                "config": _without_later(model.to_json()),
                "created_at": store.created_at(model.key),
                "files": [asdict(file) for file in store.files(model.key)],
                "metadata": metadata,
                "tags": sorted(tags[model.key]),
            }
        )
    return found


def tables(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return our tables, indexes and triggers as SQL without its blanks and quotes."""
    found = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
    rows = [tuple(" ".join(text.split()).replace('"', "") for text in row) for row in found]
    return sorted(row for row in rows if row[2].startswith("mk_"))


def _without_later(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in _LATER}

"""InvokeAI's database, read as it is now and as it was when a config had a name that was unique.

Since its migration 7 it has ``models``; before that ``model_config``, with the answers of sites in
``model_metadata``. Both keep a model as JSON in ``config``; columns computed from it are not
asked for, since one broken row would make the whole query fail.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelkeep.core import limits
from modelkeep.core.foreign import foreign_database, log_is_out_of_reach
from modelkeep.core.names import shown
from modelkeep.sources.layouts.folders import can_be_path, foreign_path, names_in
from modelkeep.sources.layouts.layout import KnownModel
from modelkeep.sources.sidecars.info import SidecarInfo

_TABLES = ("models", "model_config")
_COVERS = "model_images"
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class _Reading:
    """One pass over the rows of a catalogue."""

    models: Path
    covers: frozenset[str]
    found: list[KnownModel] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def take(self, row: sqlite3.Row, site: dict[str, Any]) -> None:
        """Add one row; ``site`` is the answer of a site about it."""
        config = _config(row["config"])
        path = config.get("path")
        if not isinstance(path, str) or not path.strip() or not can_be_path(path):
            self.broken.append(str(row["id"]))
            return
        info = _info_of(str(row["id"]), config, site)
        cover = f"{info.key}.webp"
        where = foreign_path(path, self.models)
        if not _has_size(where, config.get("file_size")):
            return
        sha256, blake3 = _hashes(config, where)
        preview = self.models / _COVERS / cover if cover in self.covers else None
        info = replace(info, sha256=sha256, blake3=blake3, preview=preview)
        self.found.append(KnownModel(where, info))


def read_catalogue(
    database: Path, models: Path, warn: Callable[[str], None]
) -> tuple[KnownModel, ...]:
    """Return the models that a database of InvokeAI has.

    A record of a file with another size is about another file and is left out.

    Args:
        database: The file; it is not changed, and nothing is left beside it.
        models: What its relative paths are relative to.
        warn: Takes a sentence about rows that are left out.

    Raises:
        SourceError: the database cannot be read.
    """
    reading = _Reading(models, names_in(models / _COVERS).files)
    with foreign_database(database) as connection:
        table = _table(connection)
        if table is None:
            warn(f"{shown(database)} has no table of models: it is older than InvokeAI 4")
        else:
            sites = _sites(connection) if table == "model_config" else {}
            for row in _rows(connection, table):
                reading.take(row, sites.get(row["id"], {}))
    if log_is_out_of_reach(database):
        warn(
            f"{shown(database)} has a log without an index (-shm), so recent changes by InvokeAI"
            " are not visible. Start and stop InvokeAI once"
        )
    if reading.broken:
        warn(
            f"{shown(database)}: {len(reading.broken)} of its rows have no config with a path and"
            f" are skipped; the first has the id {reading.broken[0]}"
        )
    return tuple(reading.found)


def _table(connection: sqlite3.Connection) -> str | None:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    there = {row["name"] for row in rows}
    return next((name for name in _TABLES if name in there), None)


def _rows(connection: sqlite3.Connection, table: str) -> sqlite3.Cursor:
    return connection.execute(
        "SELECT id, CASE WHEN length(config) <= :limit THEN config END AS config"  # noqa: S608
        f" FROM {table} ORDER BY id",  # a word of this module
        {"limit": limits.FOREIGN_ENTRY_BYTES},
    )


def _sites(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Return the answers of sites about models, by id."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'model_metadata'"
    if not connection.execute(query).fetchone():
        return {}
    rows = connection.execute(
        "SELECT id, metadata FROM model_metadata WHERE length(metadata) <= ?",
        (limits.FOREIGN_ENTRY_BYTES,),
    )
    return {row["id"]: _config(row["metadata"]) for row in rows}


def _config(text: object) -> dict[str, Any]:
    """Return the object that a row holds as JSON; an empty one where it is none."""
    try:
        config = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):  # a config without a path is counted
        return {}
    return config if isinstance(config, dict) else {}


def _info_of(key: str, config: dict[str, Any], site: dict[str, Any]) -> SidecarInfo:
    return SidecarInfo(
        name=_text(config.get("name")),
        key=key,
        description=_text(config.get("description")) or _text(site.get("description")),
        author=_text(site.get("author")),
        tags=_texts(site.get("tags")),
        trigger_phrases=_texts(config.get("trigger_phrases")) or _texts(site.get("trained_words")),
        source=_text(config.get("source")) or _text(config.get("source_url")),
        base_hint=_text(config.get("base")),
        type_hint=_text(config.get("type")),
        written_by=("InvokeAI",),
    )


def _has_size(path: Path, size: object) -> bool:
    """Tell whether a file has the size of its record, where there is a file and a size."""
    return not isinstance(size, int) or not path.is_file() or path.stat().st_size == size


def _hashes(config: dict[str, Any], path: Path) -> tuple[str | None, str | None]:
    """Return SHA-256 and BLAKE3, where the record states one of a file."""
    algorithm, _, digest = str(config.get("hash") or "").partition(":")
    is_full = algorithm in {"sha256", "blake3"} and _HEX.fullmatch(digest)
    if not is_full or not path.is_file():  # that of a folder is made otherwise
        return None, None
    return (digest, None) if algorithm == "sha256" else (None, digest)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(text for text in value if _text(text)))

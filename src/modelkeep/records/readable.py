"""The records that can be read of a damaged SQLite catalogue, each value checked."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import metadata_from_json
from modelkeep.core.roots import Roots
from modelkeep.records.listing import NewRecord
from modelkeep.records.metadata import AnyMetadata
from modelkeep.records.pages import Row, readable_rows

_HASH = re.compile(r"[0-9a-f]{64}")
_INT64_RANGE = 2**64
_FILE_NUMBERS = ("size", "mtime_ns", "inode")


@dataclass(frozen=True, slots=True)
class SavedModel:
    """One record that could be read.

    Attributes:
        record: The record and its files.
        metadata: What a site said of it, if that could be read.
        tags: Tags that the user gave it.
        created_at: When it was added, seconds since the epoch; None when that is not known.
    """

    record: NewRecord
    metadata: AnyMetadata | None
    tags: frozenset[str]
    created_at: float | None


def read_models(data: bytes, roots: Roots) -> list[SavedModel]:
    """Return the records that can be read; of two that contradict each other, the first.

    Args:
        data: The damaged file.
        roots: The registered roots.
    """
    files: dict[str, list[ModelFile]] = defaultdict(list)
    for row in readable_rows(data, "mk_file", lambda row: _file(row, roots) is not None):
        if file := _file(row, roots):
            files[str(row["model_key"])].append(file)
    about = readable_rows(data, "mk_metadata", lambda row: _metadata(row) is not None)
    metadata = dict(filter(None, map(_metadata, about)))
    tags = _hand_tags(data)
    found: dict[str, SavedModel] = {}
    places: set[str] = set()
    for row in readable_rows(data, "mk_model", lambda row: _record(row, {}, roots) is not None):
        record = _record(row, files, roots)
        if record is None or record.key in found or record.config.path in places:
            continue
        places.add(record.config.path)
        created_at = row.get("created_at")
        found[record.key] = SavedModel(
            record,
            metadata.get(record.key),
            frozenset(tags.get(record.key, ())),
            created_at if isinstance(created_at, float) and created_at > 0 else None,
        )
    return list(found.values())


def _record(row: Row, files: Mapping[str, list[ModelFile]], roots: Roots) -> NewRecord | None:
    try:
        key = str(row["key"])
        data = json.loads(row["config"])
        if "path" not in data:
            data |= {"path": roots.join(row["root"], row["path"]), "state": row["state"]}
        data |= {name: row[name] for name in ("type", "base", "format")}
        config = ModelConfigFactory.make_config({**data, "key": key}, key=key)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return NewRecord(key, config, tuple(files.get(key, ()))) if key else None


def _file(row: Row, roots: Roots) -> ModelFile | None:
    root, path = row.get("root"), row.get("path")
    numbers = [row.get(name) for name in _FILE_NUMBERS]
    if not (isinstance(root, str) and isinstance(path, str) and path and "\0" not in path):
        return None
    if not all(isinstance(number, int) for number in numbers):
        return None
    size, mtime_ns, inode = (int(number or 0) for number in numbers)
    hashes = {name: _hash(row.get(name)) for name in ("sha256", "blake3")}
    hashed_at = row.get("hashed_at")
    return ModelFile(
        path=roots.join(root, path),
        size=max(size, 0),
        mtime_ns=mtime_ns,
        inode=inode if inode >= 0 else inode + _INT64_RANGE,
        root=root,
        hashed_at=hashed_at if isinstance(hashed_at, float) else None,
        **hashes,
    )


def _hash(value: object) -> str | None:
    return value if isinstance(value, str) and _HASH.fullmatch(value) else None


def _metadata(row: Row) -> tuple[str, AnyMetadata] | None:
    try:
        return str(row["model_key"]), metadata_from_json(row["metadata"])
    except (KeyError, ValueError, TypeError):
        return None


def _hand_tags(data: bytes) -> dict[str, set[str]]:
    """Return the tags that the user gave, by key; those of sites come with their metadata."""
    texts = {row.get("id"): row.get("text") for row in readable_rows(data, "mk_tag")}
    found: dict[str, set[str]] = defaultdict(set)
    for row in readable_rows(data, "mk_model_tag"):
        text = texts.get(row.get("tag_id"))
        if row.get("origin") == "hand" and isinstance(text, str):
            found[str(row.get("model_key"))].add(text)
    return found

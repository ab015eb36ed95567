"""Records, files and metadata as rows of the tables, and back."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import AnyModelConfig, ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import metadata_from_json
from modelkeep.errors import InvalidModelConfigException
from modelkeep.records import schema
from modelkeep.records.base_metadata import AnyMetadata
from modelkeep.records.faults import damaged
from modelkeep.records.transactions import Row

_INT64_MAX = 2**63 - 1
_INT64_RANGE = 2**64

#: Columns in the order in which ``read_file`` takes them.
FILE_COLUMNS = tuple(
    schema.file.c[name]
    for name in ("path", "size", "mtime_ns", "inode", "root", "sha256", "blake3", "hashed_at")
)


def folded(text: str) -> str:
    """Return text as it is compared when case does not matter."""
    return text.casefold()


def model_row(config: ModelConfigBase) -> dict[str, Any]:
    """Return the columns of a record, without ``created_at``.

    Raises:
        InvalidModelConfigException: a value cannot be stored.
    """
    if config.size is not None and abs(config.size) > _INT64_MAX:
        raise InvalidModelConfigException.of(
            type(config).__name__, "size", "is too large", config.size, hint="Count bytes."
        )
    try:
        text = config.model_dump_json()
    except ValueError as error:  # a lone surrogate in the key, which is set unseen
        raise InvalidModelConfigException.of(
            type(config).__name__, "key", f"is no valid text ({error})", hint="Use another key."
        ) from error
    said = (config.name, config.description, config.source)
    return {
        "key": config.key,
        "name": config.name,
        "sort_name": folded(config.name),
        "type": config.type,
        "base": config.base,
        "format": config.format,
        "path": config.path,
        "original_hash": config.original_hash,
        "current_hash": config.current_hash,
        "size": config.size,
        "description": config.description,
        "source": config.source,
        "words": folded("\n".join(words for words in said if words)),
        "updated_at": time.time(),
        "config": text,
    }


def read_config(text: str, name: str) -> AnyModelConfig:
    """Return the record that the ``config`` column holds.

    Raises:
        CorruptDatabaseError: it holds none; ``name`` is the database, for the message.
    """
    try:
        config: AnyModelConfig = ModelConfigFactory.make_config(json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(name, f"a record cannot be read ({error}): {text!r:.200}") from error
    return config


def changed_config(
    old: ModelConfigBase, changes: ModelConfigBase | Mapping[str, Any]
) -> ModelConfigBase:
    """Return ``old`` with the changes, in the class that its type and format now ask for.

    What only the old class has is dropped when the class changes, and what was left at the old
    class's default takes that of the new one.

    ``original_hash`` never changes once it is known.

    Raises:
        InvalidModelConfigException: the result would be no valid config.
    """
    if isinstance(changes, ModelConfigBase):
        kept_hash = old.original_hash or changes.original_hash
        return changes.model_copy(update={"key": old.key, "original_hash": kept_hash})
    wanted = without_aliases(changes)
    if old.original_hash is not None:
        wanted.pop("original_hash", None)
    kept = old.model_dump()
    target = ModelConfigFactory.class_for({**kept, **wanted})
    if target is not type(old):
        kinds = {"type", "base", "format"}
        kept = {
            field: value
            for field, value in kept.items()
            if field in kinds
            or (field in target.model_fields and value != type(old).model_fields[field].default)
        }
    changed: ModelConfigBase = ModelConfigFactory.make_config(
        {**kept, **wanted}, key=old.key, dest_class=target
    )
    # An empty key is a key too, which make_config does not see.
    return changed.model_copy(update={"key": old.key})


def file_row(key: str, file: ModelFile) -> dict[str, Any]:
    """Return the columns of a file that the record ``key`` owns."""
    return {
        "model_key": key,
        "root": file.root,
        "path": file.path,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        # Some file systems number with all 64 bits; SQLite's integers have a sign.
        "inode": file.inode if file.inode <= _INT64_MAX else file.inode - _INT64_RANGE,
        "sha256": file.sha256,
        "blake3": file.blake3,
        "hashed_at": file.hashed_at,
    }


def read_file(row: Row) -> ModelFile:
    """Return the file that a row of ``FILE_COLUMNS`` describes."""
    path, size, mtime_ns, inode, root, sha256, blake3, hashed_at = row
    return ModelFile(
        path=path,
        size=size,
        mtime_ns=mtime_ns,
        inode=inode if inode >= 0 else inode + _INT64_RANGE,
        root=root,
        sha256=sha256,
        blake3=blake3,
        hashed_at=hashed_at,
    )


def metadata_row(key: str, metadata: AnyMetadata) -> dict[str, Any]:
    """Return the columns of the metadata of the record ``key``."""
    return {
        "model_key": key,
        "type": metadata.type,
        "name": metadata.name,
        "author": metadata.author,
        "metadata": metadata.model_dump_json(),
    }


def read_metadata(text: str, name: str) -> AnyMetadata:
    """Return the metadata that the ``metadata`` column holds.

    Raises:
        CorruptDatabaseError: it holds none; ``name`` is the database, for the message.
    """
    try:
        return metadata_from_json(text)
    except (ValidationError, TypeError) as error:
        raise damaged(name, f"metadata cannot be read ({error})") from error

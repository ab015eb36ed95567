"""Records, files and metadata as rows of the tables, and back."""

from __future__ import annotations

import math
import time
from typing import Any

import msgspec
from pydantic import ValidationError

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import metadata_from_json
from modelkeep.core.roots import Roots
from modelkeep.errors import InvalidModelConfigException
from modelkeep.records.metadata import AnyMetadata
from modelkeep.records.places import Place
from modelkeep.records.sql import schema
from modelkeep.records.sql.database import Row, damaged
from modelkeep.records.text import indexed_words

INT64_MAX = 2**63 - 1
_INT64_RANGE = 2**64
_MICROSECONDS = 1_000_000

#: Columns in the order in which ``read_file`` takes them.
FILE_COLUMNS = tuple(
    schema.file.c[name]
    for name in ("path", "size", "mtime_ns", "inode", "root", "sha256", "blake3", "hashed_at")
)


#: Columns in the order in which ``RecordReader`` takes them.
RECORD_COLUMNS = tuple(
    schema.model.c[name]
    for name in ("key", "type", "base", "format", "root", "path", "state", "config")
)
#: Fields that have a column and are not in the JSON: there is one place for each.
_IN_COLUMNS = {"key", "path", "root", "state"}


def now() -> float:
    """Return the time in full microseconds: what every catalogue can keep."""
    return math.ceil(time.time() * _MICROSECONDS) / _MICROSECONDS


def folded(text: str) -> str:
    """Return text as it is compared when case does not matter."""
    return text.casefold()


def words_text(*texts: str | None) -> str:
    """Return the words of some texts as the text index takes them."""
    return " ".join(word for text in texts if text for word in indexed_words(text))


def model_row(config: ModelConfigBase, place: Place) -> dict[str, Any]:
    """Return the columns of a record at ``place``, without ``created_at``.

    Raises:
        InvalidModelConfigException: a value cannot be stored.
    """
    if config.size is not None and abs(config.size) > INT64_MAX:
        raise InvalidModelConfigException.of(
            type(config).__name__, "size", "is too large", config.size, hint="Count bytes."
        )
    try:
        f"{config.key}{config.path}".encode()  # the key is set unseen
        text = config.model_dump_json(exclude=_IN_COLUMNS)
    except ValueError as error:
        raise InvalidModelConfigException.of(
            type(config).__name__, "key", f"is not valid text ({error})", hint="Use another key."
        ) from error
    return {
        "key": config.key,
        "name": config.name,
        "sort_name": folded(config.name),
        "type": config.type.value,
        "base": config.base.value,
        "format": config.format.value,
        "root": place[0],
        "path": place[1],
        "state": config.state.value,
        "original_hash": config.original_hash,
        "current_hash": config.current_hash,
        "size": config.size,
        "source": config.source,
        "updated_at": now(),
        "config": text,
        "name_words": words_text(config.name),
        "phrase_words": words_text(*config.trigger_phrases),
        "description_words": words_text(config.description),
    }


class RecordReader:
    """Makes records of rows, in the class that each was stored as.

    Args:
        name: The database, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._classes: dict[tuple[str, str, str], type[ModelConfigBase]] = {}

    def read(self, row: Row, roots: Roots) -> AnyModelConfig:
        """Return the record of a row of ``RECORD_COLUMNS``.

        Raises:
            CorruptDatabaseError: the row holds none.
        """
        key, type_, base, form, root, path, state, text = row
        try:
            fields = self._decoder.decode(text)
            fields |= {"key": key, "path": roots.join(root, path), "root": root, "state": state}
            config: Any = self._class_of(type_, base, form).model_validate(fields)
        except (ValueError, TypeError, AttributeError) as error:
            reason = f"a record cannot be read ({error}): {text!r:.200}"
            raise damaged(self._name, reason) from error
        result: AnyModelConfig = config
        return result

    def _class_of(self, *kind: str) -> type[ModelConfigBase]:
        type_, base, form = kind
        try:
            return self._classes[type_, base, form]
        except KeyError:
            fields = {"type": type_, "base": base, "format": form}
            found = self._classes[type_, base, form] = ModelConfigFactory.class_for(fields)
            return found


def file_row(key: str, file: ModelFile, place: Place) -> dict[str, Any]:
    """Return the columns of a file at ``place`` that the record ``key`` owns."""
    return {
        "model_key": key,
        "root": place[0],
        "path": place[1],
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        # Some file systems number with all 64 bits; SQLite's integers have a sign.
        "inode": file.inode if file.inode <= INT64_MAX else file.inode - _INT64_RANGE,
        "sha256": file.sha256,
        "blake3": file.blake3,
        "hashed_at": file.hashed_at,
    }


def read_file(row: Row, roots: Roots) -> ModelFile:
    """Return the file that a row of ``FILE_COLUMNS`` describes."""
    path, size, mtime_ns, inode, root, sha256, blake3, hashed_at = row
    return ModelFile(
        path=roots.join(root, path),
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
        "author_words": words_text(metadata.author),
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

"""Records, files and metadata as rows of the tables, and back."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args

import msgspec
from pydantic import ValidationError

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import metadata_from_json
from modelkeep.core.roots import Roots
from modelkeep.errors import (
    CorruptDatabaseError,
    InvalidModelConfigException,
    UnreadableRecordError,
    complaint_of,
    hint_of,
)
from modelkeep.records.facts import site_of, size_class
from modelkeep.records.metadata import AnyMetadata
from modelkeep.records.places import Place
from modelkeep.records.sql import schema
from modelkeep.records.sql.database import Row, damaged
from modelkeep.records.text import indexed_words

_log = logging.getLogger(__name__)

T = TypeVar("T")

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
        "description_words": words_text(config.description, *_training(config)),
        "site": site_of(config.source),
        "lineage": config.lineage or "",
        "size_class": size_class(config.size),
    }


def _training(config: ModelConfigBase) -> Iterable[str]:
    return config.training.texts() if config.training is not None else ()


class RecordReader:
    """Makes records of rows, in the class that each was stored as.

    Args:
        name: The database, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._any_json = msgspec.json.Decoder(msgspec.Raw)
        self._classes: dict[tuple[str, str, str], type[ModelConfigBase]] = {}
        self._left_out: set[str] = set()

    def read(self, row: Row, roots: Roots) -> AnyModelConfig:
        """Return the record of a row of ``RECORD_COLUMNS``.

        Raises:
            UnreadableRecordError: the row holds none.
        """
        key, type_, base, form, root, path, state, text = row
        try:
            fields = self._decoder.decode(text)
            fields |= {"key": key, "path": roots.join(root, path), "root": root, "state": state}
            config: Any = self._class_of(type_, base, form).model_validate(fields)
        except (ValueError, TypeError, AttributeError) as error:
            raise unreadable(self._name, key, reason_of(error)) from error
        result: AnyModelConfig = config
        return result

    def read_all(self, found: Iterable[Row], roots: Roots) -> Iterator[AnyModelConfig]:
        """Give the records of rows; one that cannot be read is left out, with a warning."""
        yield from self._readable(self.read, found, roots)

    def read_json(self, row: Row, roots: Roots) -> bytes:
        """Return the record of a row as JSON: what is stored, as it is stored.

        Raises:
            UnreadableRecordError: the row holds no JSON.
        """
        key, _type, _base, _format, root, path, state, text = row
        try:
            # Only looked through: what a record means costs ten times as much.
            stored = bytes(self._any_json.decode(text))
            outer = {"key": key, "path": roots.join(root, path), "root": root, "state": state}
            head = msgspec.json.encode(outer)
        except (ValueError, TypeError) as error:
            raise unreadable(self._name, key, reason_of(error)) from error
        if not stored.startswith(b"{") or not stored.endswith(b"}"):
            raise unreadable(self._name, key, "it is no JSON object")
        return head[:-1] + (b"," + stored[1:] if len(stored) > len(b"{}") else b"}")

    def read_all_json(self, found: Iterable[Row], roots: Roots) -> list[bytes]:
        """Return the records of rows as JSON; one that cannot be read is left out."""
        return list(self._readable(self.read_json, found, roots))

    def _readable(
        self, read: Callable[[Row, Roots], T], found: Iterable[Row], roots: Roots
    ) -> Iterator[T]:
        for row in found:
            try:
                yield read(row, roots)
            except UnreadableRecordError as error:
                if row[0] not in self._left_out:
                    self._left_out.add(row[0])
                    _log.warning("%s; it is left out. %s", error, hint_of(error))

    def _class_of(self, *kind: str) -> type[ModelConfigBase]:
        type_, base, form = kind
        try:
            return self._classes[type_, base, form]
        except KeyError:
            fields = {"type": type_, "base": base, "format": form}
            found = self._classes[type_, base, form] = ModelConfigFactory.class_for(fields)
            return found


def readable_part(text: bytes, columns: Mapping[str, Any]) -> str | None:
    """Return the JSON of a record without what cannot be read in it; None where nothing can.

    Args:
        text: What is stored.
        columns: What the columns say of name, type, base and format.
    """
    try:
        stored = msgspec.json.decode(text)
    except ValueError:
        stored = None
    fields = {**(stored if isinstance(stored, dict) else {}), **columns, "path": ""}
    try:
        kind = ModelConfigFactory.class_for(columns)
    except InvalidModelConfigException:
        return None
    while True:
        try:
            return kind.model_validate(fields).model_dump_json(exclude=_IN_COLUMNS)
        except ValidationError as error:
            wrong = {line["loc"][0] for line in error.errors() if line["loc"]} & fields.keys()
            if not wrong - columns.keys():
                return None
            for name in wrong - columns.keys():
                del fields[str(name)]


def unreadable(name: str, key: str, reason: str) -> UnreadableRecordError:
    """Return the error for one record that cannot be read.

    Args:
        name: The database.
        key: Of the record.
        reason: What is wrong.
    """
    return UnreadableRecordError(
        f"The record {key} in {name} cannot be read: {reason}",
        hint="Mend it, or remove it where nothing can be mended, with: modelkeep doctor --fix",
    )


def reason_of(error: Exception) -> str:
    """Return why fields are no record, in a few words."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {complaint_of(first)}"
    return str(error)


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
    """Return the columns of the metadata of the record ``key``.

    Raises:
        InvalidModelConfigException: it could not be read again as it is.
    """
    _refuse_unreadable(metadata)
    return {
        "model_key": key,
        "type": metadata.type,
        "name": metadata.name,
        "author": metadata.author,
        "metadata": metadata.model_dump_json(),
        "author_words": words_text(metadata.author),
    }


def _refuse_unreadable(metadata: AnyMetadata) -> None:
    kinds = {kind.model_fields["type"].default: kind for kind in get_args(AnyMetadata)}
    kind, title = kinds.get(metadata.type), type(metadata).__name__
    hint = "Keep what is your own in tags or in a file of your own."
    if kind is None:
        reason = f"is none of {', '.join(kinds)}"
        raise InvalidModelConfigException.of(title, "type", reason, metadata.type, hint=hint)
    more = {*type(metadata).model_fields, *(metadata.model_extra or ())} - set(kind.model_fields)
    if more:
        reason = f"is not a field of {kind.__name__}, so it cannot be stored"
        raise InvalidModelConfigException.of(title, min(more), reason, hint=hint)
    try:
        kind.model_validate(metadata.__dict__)
    except ValidationError as error:
        raise InvalidModelConfigException.from_validation(error, hint=hint) from error


def read_metadata(text: str, name: str) -> AnyMetadata:
    """Return the metadata that the ``metadata`` column holds.

    Raises:
        CorruptDatabaseError: it holds none; ``name`` is the database, for the message.
    """
    try:
        return metadata_from_json(text)
    except (ValidationError, TypeError) as error:
        raise damaged(name, f"metadata cannot be read ({error})") from error


def read_all_metadata(found: Iterable[Row], name: str) -> Iterator[tuple[str, AnyMetadata]]:
    """Give (key, metadata) of rows; what cannot be read is left out, with a warning."""
    for key, text in found:
        try:
            yield key, read_metadata(text, name)
        except CorruptDatabaseError as error:
            _log.warning("The metadata of %s is left out: %s", key, error)

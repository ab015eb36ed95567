"""One record of a YAML catalogue: as objects, and as the plain values that stand in the file."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, get_args

from pydantic import ValidationError

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.names import text_to_path
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.errors import ModelKeepError, complaint_of
from modelkeep.records.metadata import AnyMetadata
from modelkeep.records.places import Place
from modelkeep.records.yaml.reader import YamlFlaw

#: Fields of the record itself; the others are those of its config.
_OWN_FIELDS = ("tags", "metadata", "files", "loaded_at", "created_at", "updated_at")
_FIRST_FIELDS = ("name", "type", "base", "format", "root", "path")
_FILE_FIELDS = {f.name: f for f in fields(ModelFile)}
_INT64_MAX = 2**63 - 1
_UINT64_MAX = 2**64 - 1
#: Classes of records that are remembered.
_KINDS = 500


class InvalidRecordError(YamlFlaw):
    """Raised inside: what stands in the file is not a record.

    Attributes:
        field: Which of its fields is wrong; empty for all of it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(0, reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record with everything that goes when it goes.

    Attributes:
        config: As it is stored: ``path`` is below ``root``.
        files: As they are stored, sorted by root and path.
        loaded_at: When it was last loaded, seconds since the epoch; None for never.
        created_at: Seconds since the epoch; None when a person did not write it.
        updated_at: The same.
    """

    config: AnyModelConfig
    files: tuple[ModelFile, ...] = ()
    tags: frozenset[str] = frozenset()
    metadata: AnyMetadata | None = None
    loaded_at: float | None = None
    created_at: float | None = None
    updated_at: float | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Key of the record."""
        return self.config.key

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.config.root, self.config.path


def to_fields(record: StoredRecord) -> dict[str, Any]:
    """Return a record as plain values, defaults left out."""
    config = record.config
    dumped = config.model_dump(mode="json", exclude_defaults=True, exclude={"key"})
    values: dict[str, Any] = {
        "name": config.name,
        "type": config.type.value,
        "base": config.base.value,
        "format": config.format.value,
    }
    if config.root not in {MODELS_ROOT, NO_ROOT} or _default_root(config.path) != config.root:
        values["root"] = config.root
    values["path"] = config.path
    values.update((name, value) for name, value in dumped.items() if name not in _FIRST_FIELDS)
    if record.tags:
        values["tags"] = sorted(record.tags)
    if record.metadata is not None:
        values["metadata"] = _metadata_fields(record.metadata)
    if record.files:
        values["files"] = [_file_fields(file) for file in record.files]
    for name in ("loaded_at", "created_at", "updated_at"):
        seconds = getattr(record, name)
        if seconds is not None:
            values[name] = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    return values


def from_fields(key: str, values: Any) -> StoredRecord:
    """Return the record that plain values describe.

    Raises:
        InvalidRecordError: they describe none.
    """
    if not isinstance(values, dict):
        raise InvalidRecordError("", "expected the fields of a record here")
    config = _config(key, {n: v for n, v in values.items() if n not in _OWN_FIELDS})
    tags = values.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidRecordError("tags", "tags must be a list of strings")
    return StoredRecord(
        config=config,
        files=sorted_files(_files(values.get("files"))),
        tags=frozenset(tags),
        metadata=_metadata(values.get("metadata")),
        loaded_at=_seconds("loaded_at", values.get("loaded_at")),
        created_at=_seconds("created_at", values.get("created_at")),
        updated_at=_seconds("updated_at", values.get("updated_at")),
    )


def refuse_no_text(record: StoredRecord) -> None:
    """Raise if a text of a record has half a character, which no database keeps.

    Raises:
        InvalidRecordError: it has.
    """
    try:
        f"{record.key}{record.config.path}".encode()
        for values in (record.config, record.metadata):
            if values is not None:
                values.model_dump_json()
    except ValueError as error:
        raise InvalidRecordError("", f"it has invalid text ({error})") from error


def sorted_files(files: list[ModelFile]) -> tuple[ModelFile, ...]:
    """Return files in the order in which they are kept."""
    return tuple(sorted(files, key=lambda file: (file.root, file.path)))


def _default_root(path: str) -> str:
    # A name that is not UTF-8 is kept as an address.
    is_absolute = path.startswith("/") or (":" in path and text_to_path(path).is_absolute())
    return NO_ROOT if is_absolute else MODELS_ROOT


def _config(key: str, values: dict[str, Any]) -> AnyModelConfig:
    if values.get("key", key) != key:
        raise InvalidRecordError("key", f"its key is {key!r} above")
    path = values.get("path")
    if values.get("root") is None and isinstance(path, str):
        values["root"] = _default_root(path)
    try:
        kind = _class_for(values.get("type"), values.get("base"), values.get("format"))
        made = ModelConfigFactory.make_config({**values, "key": key}, dest_class=kind)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = str(first["loc"][0]) if first["loc"] else ""
        shown = ".".join(map(str, first["loc"]))
        raise InvalidRecordError(wrong, f"{shown}: {complaint_of(first)}") from error
    except (TypeError, ValueError, LookupError) as error:
        raise InvalidRecordError("type", f"no model type has these fields ({error})") from error
    config: AnyModelConfig = made.model_copy(update={"key": key})
    if config.size is not None and abs(config.size) > _INT64_MAX:
        raise InvalidRecordError("size", "size is too large")
    return config


def _class_for(*kind: Any) -> type[ModelConfigBase] | None:
    """Return the class of a record; None where the factory has to say what is wrong."""
    return _known_class(*kind) if all(isinstance(value, str) for value in kind) else None


@lru_cache(_KINDS)
def _known_class(*kind: str) -> type[ModelConfigBase] | None:
    try:
        return ModelConfigFactory.class_for(
            dict(zip(("type", "base", "format"), kind, strict=True))
        )
    except (ModelKeepError, ValueError, LookupError, TypeError):
        return None


def _metadata(values: Any) -> AnyMetadata | None:
    if values is None:
        return None
    kinds = {kind.model_fields["type"].default: kind for kind in get_args(AnyMetadata)}
    kind = values.get("type") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise InvalidRecordError("metadata", f"its type must be one of {', '.join(kinds)}")
    try:
        metadata: AnyMetadata = kinds[kind].model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        shown = ".".join(map(str, ("metadata", *first["loc"])))
        raise InvalidRecordError("metadata", f"{shown}: {complaint_of(first)}") from error
    return metadata


def _metadata_fields(metadata: AnyMetadata) -> dict[str, Any]:
    values = metadata.model_dump(mode="json")
    for name, value in values.items():
        if isinstance(getattr(metadata, name), set):  # which has no order of its own
            values[name] = sorted(value)
    return values


def _file_fields(file: ModelFile) -> dict[str, Any]:
    values = {name: getattr(file, name) for name in _FILE_FIELDS}
    if file.root == _default_root(file.path):
        del values["root"]
    return {name: value for name, value in values.items() if value is not None}


def _files(values: Any) -> list[ModelFile]:
    if values is None:
        return []
    if not isinstance(values, list):
        raise InvalidRecordError("files", "files must be a list")
    return [_file(file) for file in values]


def _file(values: Any) -> ModelFile:
    if not isinstance(values, dict) or not {"path", "size"} <= values.keys() <= _FILE_FIELDS.keys():
        raise InvalidRecordError(
            "files", f"each file must have path and size, and may have {', '.join(_FILE_FIELDS)}"
        )
    wanted = {
        **dict.fromkeys(("size", "mtime_ns", "inode"), int),
        **dict.fromkeys(("path", "root", "sha256", "blake3"), str),
        "hashed_at": (int, float),
    }
    for name, value in values.items():
        is_there = value is not None or name in {"path", "size", "mtime_ns", "inode"}
        if is_there and (not isinstance(value, wanted[name]) or isinstance(value, bool)):  # type: ignore[arg-type]
            raise InvalidRecordError("files", f"{name} of a file cannot be {value!r:.80}")
        most = _UINT64_MAX if name == "inode" else _INT64_MAX
        if isinstance(value, int) and not -_INT64_MAX <= value <= most:
            raise InvalidRecordError("files", f"{name} of a file is too large")
    root = values.get("root")
    return ModelFile(
        path=values["path"],
        size=values["size"],
        mtime_ns=values.get("mtime_ns", 0),
        inode=values.get("inode", 0),
        root=_default_root(values["path"]) if root is None else root,
        sha256=values.get("sha256"),
        blake3=values.get("blake3"),
        hashed_at=values.get("hashed_at"),
    )


def _seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError) as error:
        reason = f"{name} must be a time such as 2026-01-31T12:00:00Z, not {value!r:.80}"
        raise InvalidRecordError(name, reason) from error

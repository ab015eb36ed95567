"""One model of the library: its details, and changes to its record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.library import offline_roots
from modelkeep.app.text import pairs, time_text
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.taxonomy import RecordState, type_from_words, type_label
from modelkeep.errors import UnknownMetadataException, UsageError
from modelkeep.identification.known_families import base_from_words, base_label
from modelkeep.library.condition import FileStatus, condition_of
from modelkeep.library.previews import preview_place
from modelkeep.sources.terms import terms_of

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.core.files import ModelFile
    from modelkeep.records.metadata import AnyMetadata

#: Edited like a field and stored beside the record: the tags of the user.
_TAGS = "tags"
#: Fields that are lists: words between commas.
_LISTS = frozenset({"trigger_phrases", "fits", _TAGS})
#: Fields that describe what is on the disk; they cannot be edited.
_FIXED = frozenset(
    {"key", "path", "original_hash", "current_hash", "size", "tensor_prefix", "evidence", "preview"}
)
#: What of a site's answer people see, and how it is called.
_METADATA = {
    "author": "author",
    "version_name": "version",
    "base_model_trained_on": "site says",
    "published": "published",
    "last_modified": "changed",
}
_OPTIONAL = ("variant", "prediction_type", "repo_variant", "lineage", "quantization", "vae")


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """Everything known about a model.

    Attributes:
        state: How its files are now, where that is not as recorded; else empty.
        path: Where it is; None when its root is not registered.
        preview: Where its picture is, if it is there.
        tags: All of them.
        created_at: When it was recorded, seconds since the epoch.
        offline: Why its root is offline, and how it comes back.
    """

    record: ModelConfigBase
    state: str
    reason: str
    path: Path | None
    preview: Path | None
    files: tuple[ModelFile, ...]
    tags: tuple[str, ...]
    own_tags: tuple[str, ...]
    metadata: AnyMetadata | None
    created_at: float | None
    offline: str = ""

    @property
    def key(self) -> str:
        """Key of the record."""
        return self.record.key

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        files = [asdict(file) for file in self.files]
        return {
            **self.record.to_json(),
            **({"state": self.state} if self.state else {}),
            "tags": list(self.tags),
            "tags_by_hand": list(self.own_tags),
            "files": files,
            "hashes": {
                "original_hash": self.record.original_hash,
                "current_hash": self.record.current_hash,
                "sha256": {f["path"]: f["sha256"] for f in files if f["sha256"]},
                "blake3": {f["path"]: f["blake3"] for f in files if f["blake3"]},
            },
            "metadata": self.metadata.model_dump(mode="json") if self.metadata else None,
            "preview_path": path_to_text(self.preview) if self.preview else None,
            "is_missing": self.state == "missing",
        }

    def __str__(self) -> str:
        return pairs([(name, value) for name, value in self._facts() if value])

    @property
    def notes(self) -> list[str]:
        """What is wrong with its files."""
        if self.offline:
            return [f"{self.record.root} is offline: {self.offline}"]
        return [f"It is {self.state}: {self.reason}"] if self.reason else []

    def _facts(self) -> Iterator[tuple[str, str]]:
        model = self.record
        path = shown(self.path) if self.path else model.path
        yield "name", model.name
        yield "key", model.key
        yield "type", type_label(model.type)
        yield "base", base_label(model.base)
        yield "format", str(model.format)
        yield "path", path + (f"  ({self.state})" if self.state else "")
        yield "root", model.root if model.root != MODELS_ROOT else ""
        yield "size", size_text(model.size)
        yield "installed", time_text(self.created_at)
        for name in _OPTIONAL:
            yield name, str(getattr(model, name, None) or "")
        yield "description", model.description or ""
        yield "source", model.source or ""
        yield "triggers", ", ".join(model.trigger_phrases)
        yield "your tags", ", ".join(self.own_tags)
        yield "tags", ", ".join(tag for tag in self.tags if tag not in self.own_tags)
        yield "preview", path_to_text(self.preview) if self.preview else ""
        yield "sample hash", model.current_hash or ""
        for file in self.files:
            yield "file", f"{file.path}  {size_text(file.size)}"
            yield "  blake3", file.blake3 or ""
            yield "  sha256", file.sha256 or ""
        for reason in model.evidence:
            yield f"because ({reason.kind})", reason.detail
        yield from self._site_facts()

    def _site_facts(self) -> Iterator[tuple[str, str]]:
        if self.metadata is None:
            return
        said = self.metadata.model_dump(mode="json", include=set(_METADATA))
        for name, label in _METADATA.items():
            yield label, str(said.get(name) or "")
        yield "licence", str(terms_of(self.metadata))


@dataclass(frozen=True, slots=True)
class Reidentified:
    """The result of identifying a recorded model again."""

    before: ModelConfigBase
    after: ModelConfigBase

    @property
    def key(self) -> str:
        """Key of the record."""
        return self.after.key

    def to_json(self) -> dict[str, Any]:
        """Return the record as it is now."""
        return self.after.to_json()

    def __str__(self) -> str:
        old, new = self.before.to_json(), self.after.to_json()
        changed = [
            f"{name} {json.dumps(old.get(name))} -> {json.dumps(value)}"
            for name, value in new.items()
            if name != "evidence" and old.get(name) != value
        ]
        return f"{self.after.name}: {'; '.join(changed) or 'unchanged'}"


def show(manager: ModelManager, name: str) -> ModelDetails:
    """Return everything known about the model called ``name``.

    Raises:
        UnknownModelException: there is none.
        DuplicateModelException: there are several.
    """
    record, records = manager.find(name), manager.records
    tags = manager.metadata.tags(record.key)
    state, reason = _state_now(manager, record)
    path = records.roots.locate(record.root, record.path, manager.settings.models_dir)
    preview = preview_place(record, path) if path is not None else None
    try:
        metadata = records.get_metadata(record.key)
    except UnknownMetadataException:
        metadata = None
    is_offline = state == FileStatus.OFFLINE.value
    return ModelDetails(
        record=record,
        state=state,
        reason=reason,
        path=path,
        preview=preview if preview is not None and preview.is_file() else None,
        files=tuple(records.files(record.key)),
        tags=tuple(sorted(tags.all)),
        own_tags=tuple(sorted(tags.hand)),
        metadata=metadata,
        created_at=records.created_at(record.key),
        offline=offline_roots(manager, {record.root}).get(record.root, "") if is_offline else "",
    )


def edit(manager: ModelManager, name: str, changes: Mapping[str, Any]) -> ModelConfigBase:
    """Change fields of a record, and the tags of the user under ``tags``.

    Raises:
        UsageError: there is no such field.
        UnknownModelException: there is no such model.
        InvalidModelConfigException: a value does not fit.
    """
    found = manager.find(name)
    known = {*type(found).model_fields, _TAGS}
    if unknown := [field for field in changes if field not in known]:
        fields = ", ".join(sorted(known - _FIXED))
        raise UsageError(f"{found.name} has no field {unknown[0]!r}", hint=f"Fields: {fields}")
    fields_only = {field: value for field, value in changes.items() if field != _TAGS}
    record: ModelConfigBase = found
    if fields_only:  # the only one of the two that can be refused
        record = manager.installer.edit(found.key, fields_only)
    if _TAGS in changes:
        manager.metadata.set_tags(found.key, changes[_TAGS])
    return record


def reidentify(manager: ModelManager, name: str) -> Reidentified:
    """Identify a recorded model again and update what its record says it is.

    Raises:
        UnknownModelException: there is no such model.
        InvalidModelException: no rule fits; the record is left as it is.
    """
    before = manager.find(name)
    return Reidentified(before, manager.installer.reidentify(before.key))


def read_changes(words: Iterable[str]) -> dict[str, Any]:
    """Read ``FIELD=VALUE`` words; an empty value clears a field.

    Raises:
        UsageError: one is not of that form, or names what cannot be edited.
    """
    return dict(_read_change(word) for word in words)


def _read_change(word: str) -> tuple[str, Any]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise UsageError(f"{word!r} is not FIELD=VALUE", hint='For example: name="My model"')
    if name in _FIXED:
        raise UsageError(
            f"{name} describes the files on disk and cannot be edited",
            hint="To read the file again: modelkeep reidentify",
        )
    if name in _LISTS:
        return name, tuple(part.strip() for part in value.split(",") if part.strip())
    if name == "type":
        return name, type_from_words(value) or value
    if name == "base":
        return name, base_from_words(value) or value
    if name == "name" and not value:
        raise UsageError("A name cannot be empty", hint='For example: name="My model"')
    return name, value or None


def _state_now(manager: ModelManager, record: ModelConfigBase) -> tuple[str, str]:
    """Return how the files of a model are now, as a word and a sentence; empty when as recorded."""
    seen = condition_of(manager.presence, record)
    if seen.condition is not FileStatus.PRESENT:
        return seen.condition.value, seen.detail
    if record.state is RecordState.CHANGED:
        return record.state.value, "its contents differed when it was last read"
    return "", ""

"""One model of the library: its details, and identifying it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.edit import RecordChange
from modelkeep.app.library import offline_roots
from modelkeep.app.text import not_stated, one_line, pairs, time_text
from modelkeep.core.commands import command
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.taxonomy import RecordState, type_label
from modelkeep.errors import UnknownMetadataException, UnknownModelError
from modelkeep.identification.known_families import base_label
from modelkeep.library.condition import FileCondition, FileStatus, ModelCondition, condition_of
from modelkeep.library.identified import set_by_hand
from modelkeep.library.previews import preview_place
from modelkeep.sources.terms import terms_of

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.core.files import ModelFile
    from modelkeep.records.metadata import AnyMetadata

#: What of a site's answer people see, and how it is called.
_METADATA = {
    "author": "author",
    "version_name": "version",
    "base_model_trained_on": "site says",
    "published": "published",
    "last_modified": "changed",
}
_OPTIONAL = (
    "variant",
    "prediction_type",
    "repo_variant",
    "lineage",
    "quantization",
    "vae",
    "config",
)


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
        odd: Its files that are not there as recorded.
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
    odd: tuple[FileCondition, ...] = ()

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
            if name == "prediction_type" and getattr(model, name, "") is None:
                yield name, not_stated(model.base, str(getattr(model, "variant", "")))
        yield "fits", ", ".join(model.fits or ())
        yield "description", model.description or ""
        yield "source", model.source or ""
        yield "triggers", "\n".join(map(one_line, model.trigger_phrases))
        yield from model.training.lines() if model.training is not None else ()
        yield "tags", ", ".join(self.own_tags)
        yield "site tags", ", ".join(tag for tag in self.tags if tag not in self.own_tags)
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


def show(manager: ModelManager, name: str) -> ModelDetails:
    """Return everything known about the model called ``name``.

    Raises:
        UnknownModelException: there is none.
        DuplicateModelException: there are several.
    """
    record, records = manager.find(name), manager.records
    tags = manager.metadata.tags(record.key)
    seen = condition_of(manager.presence, record)
    state, reason = _state_now(seen, record)
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
        odd=seen.files,
    )


def reidentify(
    manager: ModelManager, name: str, *, reset: bool = False, is_dry: bool = False
) -> RecordChange:
    """Identify a recorded model again and update what its record says it is.

    Args:
        manager: Of the library.
        name: What the model is called.
        reset: Also reset the fields that somebody set.
        is_dry: Change nothing; return what would change.

    Raises:
        UnknownModelException: there is no such model.
        InvalidModelException: no rule fits; the record is left as it is.
    """
    before = manager.find(name)
    try:
        act = manager.installer.reidentified if is_dry else manager.installer.reidentify
        after = act(before.key, reset=reset)
    except UnknownModelError as error:
        error.hint = f"If you know what it is: {command('edit', before.key[:8], 'base=BASE')}"
        raise
    return RecordChange(before, after, kept=tuple(sorted(set_by_hand(after))))


def _state_now(seen: ModelCondition, record: ModelConfigBase) -> tuple[str, str]:
    """Return how the files of a model are now, as a word and a sentence; empty when as recorded."""
    if seen.condition is not FileStatus.PRESENT:
        return seen.condition.value, seen.detail
    if record.state is RecordState.CHANGED:
        return record.state.value, "its contents differed when it was last read"
    return "", ""

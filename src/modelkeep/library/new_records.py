"""The record of a new model, from identification, sidecars and the caller."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory, new_key
from modelkeep.core.identity import Evidence, FileForm, Identification, default_description
from modelkeep.core.names import path_to_text, safe_name, shown, text_to_path, unique_name
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.core.weight_names import is_generic, model_suffix, with_suffix_of
from modelkeep.errors import IncompleteModelError, InvalidModelConfigException
from modelkeep.identification.rules import FOLDER_FORMATS
from modelkeep.library.destination import Destination
from modelkeep.library.identified import FIELDS, as_identified, has_other_phrases, set_by_hand
from modelkeep.library.library import Library
from modelkeep.library.previews import preview_text
from modelkeep.library.record_paths import recorded_path
from modelkeep.records.listing import NewRecord
from modelkeep.settings import Settings
from modelkeep.sources.layouts.layout import ModelTraits
from modelkeep.sources.sidecars.info import SidecarInfo

_NO_FORM = FileForm()
_STATES = " states"
#: Fields that hints may tell which a later look does not find.
_HINTED = frozenset({"prediction_type", "lineage"})
#: Fields that hold whatever somebody says that a model is.
_OF_ANY_TYPE = frozenset(
    {"size", "quantization", "tensor_prefix", "training", "evidence", "identified"}
)
#: Fields of a record that are taken from sidecars as they are.
_COPIED = ("name", "description", "source")
_FORMATS = {
    ModelType.Lora: (ModelFormat.Lycoris, ModelFormat.Diffusers),
    ModelType.ControlLora: (ModelFormat.Lycoris, ModelFormat.Diffusers),
    ModelType.TextualInversion: (ModelFormat.EmbeddingFile, ModelFormat.EmbeddingFolder),
    ModelType.IPAdapter: (ModelFormat.Checkpoint, ModelFormat.InvokeAI),
    ModelType.ONNX: (ModelFormat.Onnx, ModelFormat.Onnx),
    ModelType.Unknown: (ModelFormat.Unknown, ModelFormat.Unknown),
}
#: Of the other types, as a file and as a folder.
_USUAL_FORMATS = (ModelFormat.Checkpoint, ModelFormat.Diffusers)


def identified_fields(found: Identification) -> dict[str, Any]:
    """Return what an identification says, as fields of the class of config that it has.

    Fields that this class does not have are left out.
    """
    fields: dict[str, Any] = {
        "type": found.type,
        "base": found.base,
        "format": found.format,
        "variant": found.variant or "normal",
        "prediction_type": found.prediction_type,
        "upcast_attention": found.upcast_attention,
        "repo_variant": found.repo_variant,
        "lineage": found.lineage,
        "fits": found.fits,
        "quantization": found.quantization,
        "tensor_prefix": found.tensor_prefix,
        "size": found.size,
        "trigger_phrases": found.trigger_phrases,
        "training": found.training,
        "evidence": found.evidence,
    }
    if found.upcast_attention is None:
        del fields["upcast_attention"]
    known = ModelConfigFactory.class_for(fields).model_fields
    kept = {name: value for name, value in fields.items() if name in known}
    # Of a model that no rule knows only the caller says what it is.
    is_known = found.base is not BaseModelType.Unknown
    return {**kept, "identified": as_identified(kept) if is_known else {}}


def reidentified_fields(
    config: ModelConfigBase,
    found: Identification,
    *,
    edited: frozenset[str] = frozenset(),
    reset: bool = False,
) -> dict[str, Any]:
    """Return the fields of a record that identifying its model again changes.

    What somebody set or cleared stays, unless ``reset``: it is in ``edited``, or differs from what
    the model was identified as before.

    Args:
        config: The record as it is.
        found: What its model is identified as now.
        edited: Fields that somebody set, also to what the model was identified as.
        reset: Also change what somebody set of what the model is; trigger phrases stay.
    """
    fields = identified_fields(found)
    is_cleared = not config.trigger_phrases and reset
    if not is_cleared and ("trigger_phrases" in edited or has_other_phrases(config)):
        del fields["trigger_phrases"]
    if reset or config.identified is None:
        return fields
    by_hand = {*set_by_hand(config), *edited.intersection(FIELDS)}
    is_same = {name: getattr(config, name) == fields[name] for name in ("type", "base")}
    if any(name in by_hand and not same for name, same in is_same.items()):
        return {name: value for name, value in fields.items() if name in _OF_ANY_TYPE}
    if all(is_same.values()):  # a hint that lay beside the model may be gone by now
        by_hand |= {name for name in _HINTED if fields.get(name) is None}
    return {name: value for name, value in fields.items() if name not in by_hand}


def refuse_incomplete(found: Identification, source: Path | str) -> None:
    """Refuse a folder that lacks parts which its index lists.

    Args:
        found: What it is.
        source: Where it is, or the words that name it on a site.

    Raises:
        IncompleteModelError: it does.
    """
    if not found.missing:
        return
    parts = " and ".join(filter(None, (", ".join(found.missing[:-1]), found.missing[-1])))
    what = shown(source) if isinstance(source, Path) else source
    raise IncompleteModelError(
        f"{what} lacks {parts}, which its model_index.json lists",
        hint="Download the missing parts. To take it as it is, repeat the command with"
        " --verify off",
    )


def as_the_caller_says(
    path: Path,
    overrides: Mapping[str, Any],
    size: int,
    *,
    is_folder: bool,
    form: FileForm = _NO_FORM,
) -> Identification:
    """Return the identification of a model that no rule knows, for the type in ``overrides``.

    Raises:
        InvalidModelConfigException: no type is called that.
    """
    kind = _enum(ModelType, "type", overrides.get("type", overrides.get("model_type")))
    as_file, as_folder = _FORMATS.get(kind, _USUAL_FORMATS)
    return Identification(
        source=str(path),
        type=kind,
        base=BaseModelType.Unknown,
        format=as_folder if is_folder else as_file,
        size=size,
        name=path.name if is_folder else path.stem,
        form=form,
        evidence=(Evidence("name", "set by the caller; no rule matches this model"),),
    )


def config_fields(
    found: Identification,
    overrides: Mapping[str, Any],
    settings: Settings,
    known_bases: frozenset[BaseModelType],
) -> dict[str, Any]:
    """Return the fields of a new record: what is identified, ``overrides`` going before it.

    Raises:
        InvalidModelConfigException: an override names a type or base that there is not.
    """
    given = without_aliases(overrides)
    if "base" in given:
        check_base(given["base"], known_bases)
    fields = identified_fields(found)
    chosen = ModelConfigFactory.class_for({**fields, **given})
    kept = {name: value for name, value in fields.items() if name in chosen.model_fields}
    if found.legacy_config and "config" in chosen.model_fields:
        kept["config"] = path_to_text(
            Path(recorded_path(settings.legacy_conf_dir / found.legacy_config, settings.root))
        )
    name = given.get("name", safe_name(found.name))
    merged = {"key": new_key(), "name": name, "path": "", **kept, **given}
    kind, base = _enum(ModelType, "type", merged["type"]), BaseModelType(merged["base"])
    merged.setdefault("description", default_description(base, kind, name))
    return {**merged, "type": kind, "base": base}


def record_in_place(
    library: Library, path: Path, found: Identification, fields: Mapping[str, Any]
) -> tuple[ModelConfigBase, Path]:
    """Return the record of a model that stays where it is, and its path as recorded.

    Raises:
        InvalidModelConfigException: a field does not fit.
    """
    picture = picture_of(path, fields)
    given = {"source": path_to_text(path), **fields}
    if "preview" in fields:
        given["preview"] = preview_text(picture, path) if picture is not None else None
    target = library.settings.named_roots().normal(path)
    full = config_fields(found, given, library.settings, library.known_bases)
    return _record(library, full, target), target


def record_in_home(
    library: Library,
    home: Destination,
    name: str,
    found: Identification,
    fields: Mapping[str, Any],
    *,
    is_folder: bool,
) -> tuple[ModelConfigBase, Path]:
    """Return the record of a model that goes into ``home``, and the free place for it there.

    Args:
        library: Whose record it will be.
        home: Where the model goes.
        name: What its file or folder is called so far, see ``_name_on_disk``; a taken name gets a
            suffix.
        found: What it is.
        fields: Fields that win over what is identified.
        is_folder: It is a folder.

    Raises:
        InvalidModelConfigException: a field does not fit.
        UsageError: the root has no folder for this type.
    """
    given = {**fields, "preview": None} if "preview" in fields else fields
    full = config_fields(found, given, library.settings, library.known_bases)
    name = safe_name(_name_on_disk(name, found, full, is_folder=is_folder))
    traits = ModelTraits(full["type"], full["base"], name, is_folder, found.form.part)
    folder = home.folder_for(traits)
    target = folder / unique_name(name, library.taken_in(folder))
    return _record(library, full, target), target


def _name_on_disk(
    name: str, found: Identification, fields: Mapping[str, Any], *, is_folder: bool
) -> str:
    """Return what a model's file is called: by the record where its own name says nothing.

    A file without the suffix of a model gets that of its format.
    """
    suffix = "" if is_folder else model_suffix(name)
    if is_generic(name.removesuffix(suffix)):
        title = str(fields["name"])
        name = title.removesuffix(model_suffix(title)) + suffix
    is_main = fields["type"] is ModelType.Main
    return name if is_folder else with_suffix_of(name, found.form.container, is_main=is_main)


def picture_of(path: Path, fields: Mapping[str, Any]) -> Path | None:
    """Return the picture that the fields of a model at ``path`` name, as an absolute path."""
    given = fields.get("preview")
    return path.parent / text_to_path(given) if isinstance(given, str) and given else None


def _record(library: Library, fields: Mapping[str, Any], target: Path) -> ModelConfigBase:
    path = recorded_path(target, library.settings.models_dir)
    config: ModelConfigBase = ModelConfigFactory.make_config({**fields, "path": path})
    return config


def fields_of(info: SidecarInfo, found: Identification) -> dict[str, Any]:
    """Return the fields of a record that sidecars fill.

    What a model is comes from its header; name, description and trigger phrases from here.
    """
    fields = {name: value for name in _COPIED if (value := getattr(info, name))}
    phrases = tuple(dict.fromkeys((*info.trigger_phrases, *found.trigger_phrases)))
    if phrases != found.trigger_phrases:
        fields["trigger_phrases"] = phrases
    told = [*([_gave(info)] if fields else []), *_stated(info)]
    if info.written_by and told:
        fields["evidence"] = (*found.evidence, *told)
    if info.preview is not None:
        fields["preview"] = path_to_text(info.preview)
    return fields


def _gave(info: SidecarInfo) -> Evidence:
    return Evidence("name", f"{' and '.join(info.written_by)} gave name, words or source")


def _stated(info: SidecarInfo) -> Iterator[Evidence]:
    who = " and ".join(info.written_by)
    for name, text in (("sha256", info.sha256), ("BLAKE3", info.blake3)):
        if text:
            yield Evidence("hash", f"{who}{_STATES} the {name} {text}")


def is_stated_hash(reason: Evidence) -> bool:
    """Return whether a reason is no more than a hash that somebody states."""
    return reason.kind == "hash" and f"{_STATES} the " in reason.detail


def with_extras(new: NewRecord, info: SidecarInfo) -> NewRecord:
    """Return a new record with the metadata of the sidecars, else with their tags."""
    if info.metadata is not None:
        return replace(new, metadata=info.metadata, tags=())
    return replace(new, metadata=None, tags=tuple(info.tags))


def _enum(kind: type[ModelType], field: str, value: Any) -> ModelType:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(kind)
        raise InvalidModelConfigException.of(
            "ModelConfig",
            field,
            f"should be one of {words}",
            value,
            hint="Choose one of them. Nothing was changed.",
        ) from None


def check_form(value: Any, path: Path) -> None:
    """Refuse the format of a folder for a file, and the reverse.

    Raises:
        InvalidModelConfigException: ``path`` is there and is the other one.
    """
    is_for_folders = value in FOLDER_FORMATS
    here, there = ("file", "folders") if path.is_file() else ("folder", "files")
    if (path.is_file() and is_for_folders) or (
        path.is_dir() and not is_for_folders and value != ModelFormat.Unknown
    ):
        raise InvalidModelConfigException.of(
            "ModelConfig",
            "format",
            f"{shown(path)} is a {here}, and {value} is a format of {there}",
            value,
            hint="Leave the format out: it follows the type.",
        )


def format_for(kind: Any, config: ModelConfigBase) -> ModelFormat:
    """Return the format of ``config`` once its type is ``kind``: its own, if that type has it.

    Raises:
        InvalidModelConfigException: no type is called that.
    """
    wanted = _enum(ModelType, "type", kind)
    try:
        ModelConfigFactory.class_for({**dict(config), "type": wanted})
    except InvalidModelConfigException:
        as_file, as_folder = _FORMATS.get(wanted, _USUAL_FORMATS)
        return as_folder if config.format in FOLDER_FORMATS else as_file
    return config.format


def check_base(value: Any, known: frozenset[BaseModelType]) -> None:
    """Refuse a base that no family and no list knows.

    Raises:
        InvalidModelConfigException: it is not in ``known``; names the nearest ones.
    """
    if isinstance(value, str) and value in known:
        return
    near = difflib.get_close_matches(str(value), sorted(known), n=3)
    raise InvalidModelConfigException.of(
        "ModelConfig",
        "base",
        f"unknown base {value!r}; known are {', '.join(sorted(known))}",
        value,
        hint=f"Did you mean {' or '.join(near)}?" if near else "Choose one of them.",
    )

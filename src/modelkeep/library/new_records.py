"""Fields of a new record: what is identified, and what the caller says instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigFactory, new_key
from modelkeep.core.identity import Evidence, Identification
from modelkeep.core.names import is_inside, path_to_text, safe_name, shown
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import InvalidModelConfigException
from modelkeep.identification.rules import FOLDER_FORMATS
from modelkeep.settings import Settings

#: ``identify(path, strict)``
Identify = Callable[[Path, bool], Identification]


_FORMATS = {
    ModelType.Lora: (ModelFormat.Lycoris, ModelFormat.Diffusers),
    ModelType.ControlLora: (ModelFormat.Lycoris, ModelFormat.Diffusers),
    ModelType.TextualInversion: (ModelFormat.EmbeddingFile, ModelFormat.EmbeddingFolder),
    ModelType.IPAdapter: (ModelFormat.Checkpoint, ModelFormat.InvokeAI),
    ModelType.ONNX: (ModelFormat.Onnx, ModelFormat.Onnx),
    ModelType.Unknown: (ModelFormat.Unknown, ModelFormat.Unknown),
}


def recorded_path(path: Path, models_dir: Path) -> str:
    """Return a path as records have it: relative when inside ``models_dir``, else absolute."""
    inside = is_inside(path, models_dir)
    return path_to_text(path.relative_to(models_dir) if inside else path)


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
        "evidence": found.evidence,
    }
    known = ModelConfigFactory.class_for(fields).model_fields
    optional = {"prediction_type", "upcast_attention"}
    return {
        name: value
        for name, value in fields.items()
        if name in known and not (name in optional and value is None)
    }


def as_the_caller_says(
    path: Path, overrides: Mapping[str, Any], size: int, *, is_folder: bool
) -> Identification:
    """Return the identification of a model that no rule knows, for the type in ``overrides``.

    Raises:
        InvalidModelConfigException: no type is called that.
    """
    kind = _enum(ModelType, "type", overrides.get("type", overrides.get("model_type")))
    as_file, as_folder = _FORMATS.get(kind, (ModelFormat.Checkpoint, ModelFormat.Diffusers))
    return Identification(
        source=str(path),
        type=kind,
        base=BaseModelType.Unknown,
        format=as_folder if is_folder else as_file,
        size=size,
        name=path.name if is_folder else path.stem,
        evidence=(Evidence("name", "the caller said so; no rule knows this model"),),
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
    merged.setdefault("description", f"{base} {kind} model {name}")
    return {**merged, "type": kind, "base": base}


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
            hint="Choose one of them; nothing was changed.",
        ) from None


def check_form(value: Any, path: Path) -> None:
    """Refuse the format of a folder for a file, and the reverse.

    Raises:
        InvalidModelConfigException: ``path`` is there and is the other one.
    """
    is_for_folders = value in FOLDER_FORMATS
    if (path.is_file() and is_for_folders) or (
        path.is_dir() and not is_for_folders and value != ModelFormat.Unknown
    ):
        raise InvalidModelConfigException.of(
            "ModelConfig",
            "format",
            f"{shown(path)} is a {'file' if path.is_file() else 'folder'}, {value} is not",
            value,
            hint="modelkeep reidentify says what it is.",
        )


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
        f"no base is called {value!r}; known are {', '.join(sorted(known))}",
        value,
        hint=f"Did you mean {' or '.join(near)}?" if near else "Choose one of them.",
    )

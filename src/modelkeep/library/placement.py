"""The record that a new model gets, and the place it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.identity import Identification
from modelkeep.core.names import path_to_text, safe_name, text_to_path, unique_name
from modelkeep.library.home import Home
from modelkeep.library.library import Library
from modelkeep.library.new_records import config_fields, recorded_path
from modelkeep.library.previews import preview_text


def record_in_place(
    library: Library, path: Path, found: Identification, fields: Mapping[str, Any]
) -> tuple[ModelConfigBase, Path]:
    """Return the record of a model that stays where it is, and its path as recorded.

    Args:
        library: Whose record it will be.
        path: The model.
        found: What it is.
        fields: Fields that win over what is identified.

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
    library: Library, home: Home, name: str, found: Identification, fields: Mapping[str, Any]
) -> tuple[ModelConfigBase, Path]:
    """Return the record of a model that goes into ``home``, and the free place for it there.

    Args:
        library: Whose record it will be.
        home: Where the model goes.
        name: What its file or folder is called; a taken name gets a suffix.
        found: What it is.
        fields: Fields that win over what is identified.

    Raises:
        InvalidModelConfigException: a field does not fit.
        UsageError: the root has no folder for this type.
    """
    given = {**fields, "preview": None} if "preview" in fields else fields
    full = config_fields(found, given, library.settings, library.known_bases)
    folder = home.folder_for(full["base"], full["type"])
    target = folder / unique_name(safe_name(name), library.taken_in(folder))
    return _record(library, full, target), target


def picture_of(path: Path, fields: Mapping[str, Any]) -> Path | None:
    """Return the picture that the fields of a model at ``path`` name, as an absolute path."""
    given = fields.get("preview")
    return path.parent / text_to_path(given) if isinstance(given, str) and given else None


def _record(library: Library, fields: Mapping[str, Any], target: Path) -> ModelConfigBase:
    path = recorded_path(target, library.settings.models_dir)
    config: ModelConfigBase = ModelConfigFactory.make_config({**fields, "path": path})
    return config

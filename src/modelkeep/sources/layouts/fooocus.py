"""Fooocus: ``models`` as ComfyUI has it, or the folders in ``config.txt``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.comfyui import SHELVES, TYPES
from modelkeep.sources.layouts.folders import (
    can_be_path,
    category_places,
    foreign_path,
    named_place,
    names_in,
    shelf,
    without_repeats,
)
from modelkeep.sources.layouts.layout import Layout, ModelTraits, Place
from modelkeep.sources.layouts.text_files import read_json_map

_CONFIG = "config.txt"
_PROGRAM = frozenset({"fooocus_version.py", "entry_with_update.py"})
_TUTORIAL = "config_modification_tutorial.txt"
#: Settings that name folders of models, and the category whose place they take.
_PATHS: dict[str, str] = {
    "path_checkpoints": "checkpoints",
    "path_loras": "loras",
    "path_embeddings": "embeddings",
    "path_vae": "vae",
    "path_vae_approx": "vae_approx",
    "path_upscale_models": "upscale_models",
    "path_inpaint": "inpaint",
    "path_controlnet": "controlnet",
    "path_clip_vision": "clip_vision",
    "path_safety_checker": "safety_checker",
    "path_sam": "sam",
}
#: Fooocus edits by a patch for SDXL that is not a model of a known type.
_TYPES: dict[str, ModelType | None] = {**TYPES, "inpaint": None}
#: It has fewer folders than ComfyUI, and keeps IP-Adapters with what controls pictures.
_SHELVES = {
    **{kind: names for kind, names in SHELVES.items() if names[0] in _PATHS.values()},
    "latent upscaler": ("upscale_models",),
    "t2i_adapter": ("controlnet",),
    "ip_adapter": ("controlnet",),
}


class Fooocus(Layout):
    """Fooocus's root. Its folder of models alone is arranged as ComfyUI's."""

    name = "fooocus"
    label = "Fooocus"
    order = 45
    usual = ("Fooocus",)

    def recognises(self, folder: Path) -> bool:
        """Recognise files that only this program has."""
        return _root(folder) is not None

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the folders of ``config.txt``, and of ``models`` what is not named there."""
        root = _set_root(folder)
        if root is None:
            return tuple(category_places(folder, _TYPES))
        return without_repeats([*_named(root), *category_places(root / "models", _TYPES)])

    def folder_for(self, folder: Path, model: ModelTraits) -> Path | None:
        """Return the folder that ``config.txt`` names first, else the one of ``models``."""
        root, names = _set_root(folder), _SHELVES.get(model.kind, ())
        if root is None:
            return shelf(names, self.places(folder), folder, folder)
        named = [place for place in _named(root) if place.category in names]
        if named:
            return shelf(names, named, None, folder)
        return shelf(names, self.places(folder), root / "models", folder)


def _named(root: Path) -> list[Place]:
    """Return the folders that ``config.txt`` names."""
    file = root / _CONFIG
    config = read_json_map(file) if file.is_file() else {}
    return [
        named_place(path, category, _TYPES.get(category), file, root)
        for setting, category in _PATHS.items()
        for path in _folders(config.get(setting), root)
    ]


def _folders(value: Any, root: Path) -> list[Path]:
    """Return the folders of one setting; the program, too, skips what is not a path."""
    texts = value if isinstance(value, list) else [value]
    return [
        foreign_path(text, root)
        for text in texts
        if isinstance(text, str) and text.strip() and can_be_path(text)
    ]


def _set_root(folder: Path) -> Path | None:
    """Return where the program is in a folder that is set to be Fooocus's, however little is there.

    Only its folder of models has categories and no ``models``.
    """
    names = names_in(folder)
    is_above = "models" in names.folders and names.folders.isdisjoint(_TYPES)
    return _root(folder) or (folder if is_above else None)


def _root(folder: Path) -> Path | None:
    names = names_in(folder)
    if not names.files.isdisjoint(_PROGRAM) or {_CONFIG, _TUTORIAL} <= names.files:
        return folder
    # The download for Windows keeps the program one folder below.
    inner = folder / "Fooocus"
    is_portable = {"Fooocus", "python_embeded"} <= names.folders
    return inner if is_portable and _PROGRAM & names_in(inner).files else None


LAYOUT = Fooocus()

"""SwarmUI: ``Models``, or the folders in ``Data/Settings.fds``."""

from __future__ import annotations

import re
from pathlib import Path

from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.folders import (
    Names,
    can_be_path,
    category_places,
    foreign_path,
    named_place,
    names_in,
    shelf,
    without_repeats,
)
from modelkeep.sources.layouts.layout import Layout, ModelTraits, Place
from modelkeep.sources.layouts.text_files import broken_file, read_text

_CHECKPOINTS = "Stable-Diffusion"
_SETTINGS = Path("Data", "Settings.fds")

#: By the folder's name in lower case.
_TYPES: dict[str, ModelType | None] = {
    "stable-diffusion": ModelType.Main,
    "diffusion_models": ModelType.Main,
    "unet": ModelType.Main,
    "tensorrt": None,
    "lora": ModelType.Lora,
    "vae": ModelType.Vae,
    "text_encoders": ModelType.TextEncoder,
    "clip": ModelType.TextEncoder,
    "clip_vision": ModelType.CLIPVision,
    "controlnet": ModelType.ControlNet,
    "model_patches": None,
    "embeddings": ModelType.TextualInversion,
    "upscale_models": ModelType.Upscaler,
}
_CLIP = ("text_encoders", "clip")
#: In which folders a model belongs, the best first, and the setting that names others for them.
_SHELVES: dict[str, tuple[str, tuple[str, ...]]] = {
    "checkpoint": ("SDModelFolder", (_CHECKPOINTS,)),
    "denoiser": ("", ("diffusion_models", "unet")),
    "lora": ("SDLoraFolder", ("Lora",)),
    "vae": ("SDVAEFolder", ("VAE",)),
    "tiny vae": ("SDVAEFolder", ("VAE",)),
    "clip_embed": ("SDClipFolder", _CLIP),
    "t5_encoder": ("SDClipFolder", _CLIP),
    "text_encoder": ("SDClipFolder", _CLIP),
    "clip_vision": ("SDClipVisionFolder", ("clip_vision",)),
    "controlnet": ("SDControlNetsFolder", ("controlnet",)),
    "control_lora": ("SDControlNetsFolder", ("controlnet",)),
    "t2i_adapter": ("SDControlNetsFolder", ("controlnet",)),
    "embedding": ("SDEmbeddingFolder", ("Embeddings",)),
    "upscaler": ("", ("upscale_models",)),
    "latent upscaler": ("", ("upscale_models",)),
}
_COMPANY = frozenset(
    {"Lora", "VAE", "Embeddings", "controlnet", "clip", "clip_vision", "text_encoders"}
    | {"diffusion_models", "upscale_models"}
)
_PROGRAM = frozenset(
    {"SwarmUI.sln", "SwarmUI.csproj", "launch-linux.sh", "launch-windows.bat", "launch-macos.sh"}
)

#: Settings that name a category's folders, below each model root or absolute.
_FOLDERS: dict[str, ModelType] = {
    "SDModelFolder": ModelType.Main,
    "SDLoraFolder": ModelType.Lora,
    "SDVAEFolder": ModelType.Vae,
    "SDEmbeddingFolder": ModelType.TextualInversion,
    "SDControlNetsFolder": ModelType.ControlNet,
    "SDClipFolder": ModelType.TextEncoder,
    "SDClipVisionFolder": ModelType.CLIPVision,
}
_ROOT = "ModelRoot"
_SECTION = "Paths"
_LINE = re.compile(r"(?P<indent>[ \t]*)(?P<key>[^\s:=#][^:=]*)(?P<mark>[:=])\s*(?P<value>.*)")
_ESCAPES = {r"\\": "\\", r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\x": ""}


class SwarmUI(Layout):
    """SwarmUI's root or its folder of models."""

    name = "swarmui"
    label = "SwarmUI"
    order = 40
    usual = ("SwarmUI", "StableSwarmUI")

    def recognises(self, folder: Path) -> bool:
        """Recognise ``Stable-Diffusion`` and its sibling folders, or the program's files."""
        names = names_in(folder)
        return _is_models(names) or _is_root(folder, names)

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the categories below each model root, and the folders that settings name."""
        if not _is_set_root(folder):
            return tuple(category_places(folder, _TYPES))
        settings, roots = _settings(folder)
        named = [
            named_place(path, path.name, kind, folder / _SETTINGS, folder)
            for root in roots
            for key, kind in _FOLDERS.items()
            for path in _split(settings.get(key, ""), root)
        ]
        listed = [place for root in roots for place in category_places(root, _TYPES)]
        return without_repeats(named + listed)

    def folder_for(self, folder: Path, model: ModelTraits) -> Path | None:
        """Return a folder of the setting for such models, else the one that it has by default."""
        setting, names = _SHELVES.get(model.kind, ("", ()))
        if not _is_set_root(folder):
            return shelf(names, self.places(folder), folder, folder)
        settings, roots = _settings(folder)
        named = [Place(path, path.name) for path in _split(settings.get(setting, ""), roots[0])]
        if not named:
            return shelf(names, self.places(folder), roots[0], folder)
        return shelf([*names, *(place.category for place in named)], named, None, folder)


def _settings(folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Return the paths that the program's settings name, and its folders of models."""
    file = folder / _SETTINGS
    settings = read_paths(file) if file.is_file() else {}
    return settings, _split(settings.get(_ROOT, ""), folder) or [folder / "Models"]


def read_paths(file: Path) -> dict[str, str]:
    """Return the section ``Paths`` of a ``Settings.fds``, unescaped.

    Raises:
        SourceError: it cannot be read, or a line of that section is not a setting; names the line.
    """
    found: dict[str, str] = {}
    is_inside = False
    for number, line in enumerate(read_text(file).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        entry = _LINE.fullmatch(line)
        if not line[0].isspace():
            is_inside = entry is not None and entry["key"].strip() == _SECTION
        elif is_inside and entry is not None:
            value = re.sub(r"\\[\\tnrx]", lambda found: _ESCAPES[found[0]], entry["value"].strip())
            if value and not can_be_path(value):
                raise broken_file(file, number, "this cannot be a path")
            found[entry["key"].strip()] = value
        elif is_inside and text[0] not in "->":  # items of a list, which no path is
            raise broken_file(file, number, "expected a setting here (name: value)")
    return found


def _split(text: str, base: Path) -> list[Path]:
    return [foreign_path(part.strip(), base) for part in text.split(";") if part.strip()]


def _is_models(names: Names) -> bool:
    return _CHECKPOINTS in names.folders and not names.folders.isdisjoint(_COMPANY)


def _is_set_root(folder: Path) -> bool:
    """Tell whether a folder that is set to be the program's is its root, however little is there.

    Only its folder of models has no ``Models``.
    """
    names = names_in(folder)
    is_above = "Models" in names.folders and _CHECKPOINTS not in names.folders
    return is_above or _is_root(folder, names)


def _is_root(folder: Path, names: Names) -> bool:
    if not names.files.isdisjoint(_PROGRAM) and not names.folders.isdisjoint({"Models", "Data"}):
        return True
    if "Models" not in names.folders:
        return False
    return (folder / _SETTINGS).is_file() or _is_models(names_in(folder / "Models"))


LAYOUT = SwarmUI()

"""ComfyUI: a folder of categories, and a file that names more."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.extra_model_paths import bare_sections, read_extra_model_paths
from modelkeep.sources.layouts.folders import (
    NO_MODELS,
    Names,
    category_places,
    names_in,
    shelf,
    without_repeats,
)
from modelkeep.sources.layouts.layout import Layout, ModelTraits, Place

#: Of the several types of one folder, such as those of ``text_encoders``, the general one.
TYPES: dict[str, ModelType | None] = {
    "checkpoints": ModelType.Main,
    "diffusion_models": ModelType.Main,
    "unet": ModelType.Main,
    "unet_gguf": ModelType.Main,
    "diffusers": ModelType.Main,
    "loras": ModelType.Lora,
    "vae": ModelType.Vae,
    "vae_approx": ModelType.Vae,
    "text_encoders": ModelType.TextEncoder,
    "clip": ModelType.TextEncoder,
    "clip_gguf": ModelType.TextEncoder,
    "clip_vision": ModelType.CLIPVision,
    "controlnet": ModelType.ControlNet,
    "t2i_adapter": ModelType.T2IAdapter,
    "embeddings": ModelType.TextualInversion,
    "upscale_models": ModelType.Upscaler,
    "latent_upscale_models": ModelType.Upscaler,
    "hypernetworks": ModelType.Hypernetwork,
    "ipadapter": ModelType.IPAdapter,
    "style_models": ModelType.StyleModel,
    "animatediff_models": ModelType.MotionModule,
    "animatediff_motion_lora": ModelType.Lora,
    "model_patches": None,
    "gligen": None,
    "photomaker": None,
    "classifiers": None,
    "audio_encoders": None,
}

#: In which categories a model belongs, the best first; the second is an old name or a general one.
SHELVES: dict[str, tuple[str, ...]] = {
    "checkpoint": ("checkpoints",),
    "denoiser": ("diffusion_models", "unet"),
    "diffusers": ("diffusers",),
    "lora": ("loras",),
    "vae": ("vae",),
    "tiny vae": ("vae_approx", "vae"),
    "clip_embed": ("text_encoders", "clip"),
    "t5_encoder": ("text_encoders", "clip"),
    "text_encoder": ("text_encoders", "clip"),
    "clip_vision": ("clip_vision",),
    "controlnet": ("controlnet",),
    "control_lora": ("controlnet",),
    "t2i_adapter": ("t2i_adapter", "controlnet"),
    "embedding": ("embeddings",),
    "upscaler": ("upscale_models",),
    "latent upscaler": ("latent_upscale_models", "upscale_models"),
    "hypernetwork": ("hypernetworks",),
    "ip_adapter": ("ipadapter",),
    "style_model": ("style_models",),
    "motion_module": ("animatediff_models",),
}

#: Both files are of one grammar; a later main.py prefers the second.
_EXTRA_FILES = ("extra_model_paths.yaml", "extra_paths.yaml")
_SAVED = ("checkpoints", "clip", "vae", "diffusion_models", "loras")
_SKIP = NO_MODELS | {"configs"}
#: One name alone, or two, are found in many a folder: ``unet`` and ``vae`` in every pipeline.
_ENOUGH = 3
#: The portable edition for Windows keeps the program one folder below.
_PORTABLE = ("ComfyUI", "python_embeded")


def looks_like_models(names: Names) -> bool:
    """Return whether these are the names in ComfyUI's folder of models, or in Fooocus's."""
    return "model_index.json" not in names.files and len(names.folders & TYPES.keys()) >= _ENOUGH


class ComfyUI(Layout):
    """ComfyUI's root, its base folder, its portable edition, or its folder of models."""

    name = "comfyui"
    label = "ComfyUI"
    order = 60
    usual = ("ComfyUI", "comfyui", "ComfyUI_windows_portable/ComfyUI")

    def recognises(self, folder: Path) -> bool:
        """Recognise the program's files beside ``models``, or three categories."""
        names = names_in(folder)
        return looks_like_models(names) or _root(folder, names) is not None

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the categories, those it saves to, and what ``extra_model_paths.yaml`` names.

        The folder of models alone has its categories only.
        """
        root = _set_root(folder)
        if root is None:
            return tuple(category_places(folder, TYPES, _SKIP))
        own = category_places(root / "models", TYPES, _SKIP)
        output = root / "output"
        saved = names_in(output).folders
        own += [Place(output / name, name, TYPES[name]) for name in _SAVED if name in saved]
        return without_repeats(_with_extra(root, own))

    def folder_for(self, folder: Path, model: ModelTraits) -> Path | None:
        """Return the category: a default of ``extra_model_paths.yaml`` before its own."""
        root = _set_root(folder)
        home = folder if root is None else root / "models"
        return shelf(SHELVES.get(model.kind, ()), self.places(folder), home, folder)

    def remarks(self, folder: Path) -> Iterable[str]:
        """Yield the sections of ``extra_model_paths.yaml`` that name no folder of models."""
        root = _set_root(folder)
        for file in _extra_files(root) if root is not None else ():
            yield from (
                f"The section {section} of {shown(file)} has a base_path and names no folders in"
                " it, so ComfyUI searches none. Add lines such as: loras: models/loras"
                for section in bare_sections(file)
            )


def _root(folder: Path, names: Names) -> Path | None:
    """Return where the program is, if ``folder`` is one of its folders above the models."""
    if names.folders.issuperset(_PORTABLE):
        inner = folder / _PORTABLE[0]
        return _root(inner, names_in(inner))
    if "models" not in names.folders:
        return None
    is_program = "folder_paths.py" in names.files or {"comfy", "comfy_extras"} <= names.folders
    is_base = "custom_nodes" in names.folders or not names.files.isdisjoint(_EXTRA_FILES)
    if is_program or (is_base and names_in(folder / "models").folders & TYPES.keys()):
        return folder
    return folder if looks_like_models(names_in(folder / "models")) else None


def _set_root(folder: Path) -> Path | None:
    """Return where the program is in a folder that is set to be ComfyUI's, however little is there.

    Only its folder of models has categories and no ``models``.
    """
    names = names_in(folder)
    is_above = "models" in names.folders and names.folders.isdisjoint(TYPES)
    return _root(folder, names) or (folder if is_above else None)


def _with_extra(root: Path, own: list[Place]) -> list[Place]:
    first: list[Place] = []
    last: list[Place] = []
    for file in _extra_files(root):
        for extra in read_extra_model_paths(file):
            place = Place(
                extra.path,
                extra.category,
                TYPES.get(extra.category.lower()),
                skip=NO_MODELS,
                named_by=file,
            )
            (first if extra.is_default else last).append(place)
    # Each default is put before all others, so the last one named is the first one searched.
    return [*reversed(first), *own, *last]


def _extra_files(root: Path) -> list[Path]:
    return [root / name for name in _EXTRA_FILES if (root / name).is_file()]


LAYOUT = ComfyUI()

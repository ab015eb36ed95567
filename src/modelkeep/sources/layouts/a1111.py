"""The web UI of AUTOMATIC1111 and its kin: Forge, reForge, SD.Next.

Folders given as options (``--ckpt-dir`` and the like) are known to the running program alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.a1111_hashes import noted_models
from modelkeep.sources.layouts.folders import (
    NO_MODELS,
    Names,
    category_places,
    named_first,
    names_in,
    shelf,
    without_repeats,
)
from modelkeep.sources.layouts.layout import KnownModel, Layout, ModelTraits, Place, ignore

_CHECKPOINTS = "Stable-diffusion"
#: Hashes and texts of headers that the program has read, in its root.
_CACHE = "cache.json"

#: By the folder's name in lower case.
_TYPES: dict[str, ModelType | None] = {
    "stable-diffusion": ModelType.Main,
    "diffusers": ModelType.Main,
    "lora": ModelType.Lora,
    "lycoris": ModelType.Lora,
    "vae": ModelType.Vae,
    "vae-approx": ModelType.Vae,
    "vae-taesd": ModelType.Vae,
    "text_encoder": ModelType.TextEncoder,
    "clip": ModelType.TextEncoder,
    "controlnet": ModelType.ControlNet,
    "hypernetworks": ModelType.Hypernetwork,
    "embeddings": ModelType.TextualInversion,
    "esrgan": ModelType.Upscaler,
    "realesrgan": ModelType.Upscaler,
    "swinir": ModelType.Upscaler,
    "scunet": ModelType.Upscaler,
    "bsrgan": ModelType.Upscaler,
    "dat": ModelType.Upscaler,
    "ldsr": ModelType.Upscaler,
}
_CONTROL = ("ControlNet", "extensions/sd-webui-controlnet/models")
_UPSCALERS = ("ESRGAN", "RealESRGAN", "SwinIR", "ScuNET", "BSRGAN", "DAT", "LDSR")
#: In which folders of ``models`` a model belongs, the best first.
_SHELVES: dict[str, tuple[str, ...]] = {
    "checkpoint": (_CHECKPOINTS,),
    "denoiser": (_CHECKPOINTS,),
    "diffusers": ("diffusers",),
    "lora": ("Lora", "LyCORIS"),
    "vae": ("VAE",),
    "tiny vae": ("VAE-approx",),
    "clip_embed": ("text_encoder",),
    "t5_encoder": ("text_encoder",),
    "text_encoder": ("text_encoder",),
    "controlnet": _CONTROL,
    "control_lora": _CONTROL,
    "t2i_adapter": _CONTROL,
    "ip_adapter": _CONTROL,
    "upscaler": _UPSCALERS,
    "latent upscaler": _UPSCALERS,
    "hypernetwork": ("hypernetworks",),
}
#: Names of which one is beside the checkpoints, in this program's spelling.
_COMPANY = frozenset(
    {"Lora", "LyCORIS", "VAE", "VAE-approx", "ESRGAN", "GFPGAN", "Codeformer", "ControlNet"}
    | {"hypernetworks", "deepbooru", "karlo", "text_encoder", "diffusers"}
)
_PROGRAM = frozenset({"webui.py", "webui.sh", "webui.bat", "webui-user.sh", "webui-user.bat"})
#: Extensions that keep models of their own, below the root.
_EXTENSIONS: tuple[tuple[str, ModelType], ...] = (
    ("extensions/sd-webui-controlnet/models", ModelType.ControlNet),
    ("extensions/sd-webui-animatediff/model", ModelType.MotionModule),
)
#: A VAE may are beside the checkpoint that it belongs to.
_VAE = re.compile(r"\.vae\.(pt|ckpt|safetensors)$", re.IGNORECASE)


class A1111(Layout):
    """The root of such a web UI (or its data folder), or its folder of models."""

    name = "a1111"
    label = "A1111 / Forge"
    order = 50
    usual = (
        "stable-diffusion-webui",
        "stable-diffusion-webui-forge",
        "stable-diffusion-webui-reForge",
        "sd-webui-forge-neo",
        "sdnext",
    )

    def recognises(self, folder: Path) -> bool:
        """Recognise ``Stable-diffusion`` and its sibling folders, in this program's spelling."""
        names = names_in(folder)
        return _is_models(names) or _is_root(folder, names)

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the categories, and for the root ``embeddings`` and those of extensions."""
        if not _is_set_root(folder):
            return tuple(category_places(folder, _TYPES))
        found = category_places(folder / "models", _TYPES)
        embeddings = Place(
            folder / "embeddings", "embeddings", ModelType.TextualInversion, skip=NO_MODELS
        )
        extensions = [
            Place(folder / below, below, kind, skip=NO_MODELS)
            for below, kind in _EXTENSIONS
            if (folder / below).is_dir()
        ]
        return without_repeats([*found, embeddings, *extensions])

    def folder_for(self, folder: Path, model: ModelTraits) -> Path | None:
        """Return the folder below ``models``, or the one for embeddings beside it."""
        is_root = _is_set_root(folder)
        if model.type is ModelType.TextualInversion:
            return folder / "embeddings" if is_root else None
        if model.type is ModelType.MotionModule:  # only an extension has a folder for them
            return super().folder_for(folder, model)
        names = named_first(_SHELVES.get(model.kind, ()), model.name)
        home = folder / "models" if is_root else folder
        return shelf(names, self.places(folder), home, folder)

    def known(self, folder: Path, warn: Callable[[str], None] = ignore) -> Iterable[KnownModel]:
        """Yield the models whose hashes in the program's ``cache.json`` are still valid.

        Newer versions keep a folder ``cache`` instead, which is not read.
        """
        root = folder if _is_root(folder, names_in(folder)) else folder.parent
        if _CACHE not in names_in(root).files:
            return ()
        return noted_models(root / _CACHE, self.places(folder), warn)

    def type_of(self, place: Place, name: str) -> ModelType | None:
        """Return the type, knowing the VAEs beside checkpoints by their names."""
        return ModelType.Vae if _VAE.search(name) else place.type


def _is_models(names: Names) -> bool:
    return _CHECKPOINTS in names.folders and not names.folders.isdisjoint(_COMPANY)


def _is_set_root(folder: Path) -> bool:
    """Tell whether a folder that is set to be the program's is its root, however little is there.

    Only its folder of models has no ``models``.
    """
    names = names_in(folder)
    is_above = "models" in names.folders and _CHECKPOINTS not in names.folders
    return is_above or _is_root(folder, names)


def _is_root(folder: Path, names: Names) -> bool:
    if "models" not in names.folders:
        return False
    below = names_in(folder / "models")
    if _is_models(below):
        return True
    return not names.files.isdisjoint(_PROGRAM) and _CHECKPOINTS in below.folders


LAYOUT = A1111()

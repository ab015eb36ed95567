"""Stability Matrix: one folder of models that its packages share."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.names import is_inside, real_path
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.sources.layouts.a1111 import A1111
from modelkeep.sources.layouts.comfyui import ComfyUI
from modelkeep.sources.layouts.folders import (
    Names,
    category_places,
    named_first,
    names_in,
    shelf,
    without_repeats,
)
from modelkeep.sources.layouts.fooocus import Fooocus
from modelkeep.sources.layouts.layout import Layout, ModelTraits, Place
from modelkeep.sources.layouts.swarmui import SwarmUI

_CHECKPOINTS = "StableDiffusion"

#: By the folder's name in lower case.
_TYPES: dict[str, ModelType | None] = {
    "stablediffusion": ModelType.Main,
    "diffusionmodels": ModelType.Main,
    "unet": ModelType.Main,
    "diffusers": ModelType.Main,
    "lora": ModelType.Lora,
    "lycoris": ModelType.Lora,
    "vae": ModelType.Vae,
    "approxvae": ModelType.Vae,
    "textencoders": ModelType.TextEncoder,
    "clip": ModelType.TextEncoder,
    "clipvision": ModelType.CLIPVision,
    "invokeclipvision": ModelType.CLIPVision,
    "controlnet": ModelType.ControlNet,
    "t2iadapter": ModelType.T2IAdapter,
    "ipadapter": ModelType.IPAdapter,
    "ipadapters15": ModelType.IPAdapter,
    "ipadaptersxl": ModelType.IPAdapter,
    "invokeipadapters15": ModelType.IPAdapter,
    "invokeipadaptersxl": ModelType.IPAdapter,
    "embeddings": ModelType.TextualInversion,
    "textualinversion": ModelType.TextualInversion,
    "hypernetwork": ModelType.Hypernetwork,
    "stylemodels": ModelType.StyleModel,
    "esrgan": ModelType.Upscaler,
    "realesrgan": ModelType.Upscaler,
    "swinir": ModelType.Upscaler,
    "bsrgan": ModelType.Upscaler,
    "scunet": ModelType.Upscaler,
    "ldsr": ModelType.Upscaler,
    "modelpatches": None,
}
_TEXT = ("TextEncoders", "CLIP")
_UPSCALERS = ("ESRGAN", "RealESRGAN", "SwinIR", "BSRGAN", "ScuNET", "LDSR")
#: In which folders a model belongs, the best first; the second is an old name or a general one.
_SHELVES: dict[str, tuple[str, ...]] = {
    "checkpoint": (_CHECKPOINTS,),
    "denoiser": ("DiffusionModels", "Unet"),
    "diffusers": ("Diffusers",),
    "lora": ("Lora", "LyCORIS"),
    "vae": ("VAE",),
    "tiny vae": ("ApproxVAE",),
    "clip_embed": _TEXT,
    "t5_encoder": _TEXT,
    "text_encoder": _TEXT,
    "clip_vision": ("ClipVision", "InvokeClipVision"),
    "controlnet": ("ControlNet",),
    "control_lora": ("ControlNet",),
    "t2i_adapter": ("T2IAdapter", "ControlNet"),
    "ip_adapter": ("IpAdapter",),
    "embedding": ("Embeddings", "TextualInversion"),
    "upscaler": _UPSCALERS,
    "latent upscaler": _UPSCALERS,
    "hypernetwork": ("Hypernetwork",),
    "style_model": ("StyleModels",),
}
#: Bases whose IP-Adapters have a folder of their own.
_IP_ADAPTERS = {
    BaseModelType.StableDiffusion1: "IpAdapters15",
    BaseModelType.StableDiffusionXL: "IpAdaptersXl",
}
_COMPANY = frozenset(
    {"Lora", "LyCORIS", "VAE", "ApproxVAE", "Embeddings", "TextualInversion", "Hypernetwork"}
    | {"ControlNet", "ESRGAN", "RealESRGAN", "TextEncoders", "DiffusionModels", "ClipVision"}
)
_ENOUGH = 2
#: The programs it installs whose own folders may hold models beside the shared ones.
_PACKAGES: tuple[Layout, ...] = (SwarmUI(), Fooocus(), A1111(), ComfyUI())


class StabilityMatrix(Layout):
    """Its folder, the ``Data`` folder in it, or the folder of models it shares out."""

    name = "stabilitymatrix"
    label = "Stability Matrix"
    order = 30
    usual = (
        "StabilityMatrix",
        ".local/share/StabilityMatrix",
        "StabilityMatrix/Data",
        "AppData/Roaming/StabilityMatrix",
    )

    def recognises(self, folder: Path) -> bool:
        """Recognise ``StableDiffusion`` and its siblings, or ``Models`` beside ``Packages``."""
        return _is_models(names_in(folder)) or _data(folder) is not None

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the shared categories and what packages have beside them.

        Folders of packages that are links to shared ones are left out.
        """
        data = _set_data(folder)
        if data is None:
            return tuple(category_places(folder, _TYPES))
        shared = real_path(data / "Models")
        found = category_places(data / "Models", _TYPES)
        for name in sorted(names_in(data / "Packages").folders):
            package = data / "Packages" / name
            layout = next((one for one in _PACKAGES if one.recognises(package)), None)
            places = layout.places(package) if layout else ()
            found += [place for place in places if not _is_shared(place, shared)]
        return without_repeats(found)

    def folder_for(self, folder: Path, model: ModelTraits) -> Path | None:
        """Return the shared folder, never one of a package."""
        data = _set_data(folder)
        home = folder if data is None else data / "Models"
        names = named_first(_SHELVES.get(model.kind, ()), model.name)
        if model.type is ModelType.IPAdapter and model.base in _IP_ADAPTERS:
            names = [_IP_ADAPTERS[model.base], *names]
        return shelf(names, category_places(home, _TYPES), home, folder)


def _is_shared(place: Place, shared: Path) -> bool:
    real = real_path(place.path)
    return real == shared or is_inside(real, shared)


def _is_models(names: Names) -> bool:
    return _CHECKPOINTS in names.folders and len(names.folders & _COMPANY) >= _ENOUGH


def _set_data(folder: Path) -> Path | None:
    """Return the folder with ``Models`` where the layout is set, however little is there."""
    data = _data(folder)
    inner = folder / "Data"
    for one in (folder, inner) if data is None else ():
        if "Models" in names_in(one).folders and _CHECKPOINTS not in names_in(one).folders:
            return one
    return data


def _data(folder: Path) -> Path | None:
    """Return the folder with ``Models`` and ``Packages``: ``folder`` or the ``Data`` in it."""
    names = names_in(folder)
    if _is_data(folder, names):
        return folder
    inner = folder / "Data"
    return inner if "Data" in names.folders and _is_data(inner, names_in(inner)) else None


def _is_data(folder: Path, names: Names) -> bool:
    if "Models" not in names.folders:
        return False
    if "Packages" in names.folders and "settings.json" in names.files:
        return True
    return _is_models(names_in(folder / "Models"))


LAYOUT = StabilityMatrix()

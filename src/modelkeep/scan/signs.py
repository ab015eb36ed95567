"""Whether a folder is one model or a folder of models, from names alone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

#: Stems that libraries give to the weights of a component, whatever it is.
_STANDARD = (
    "diffusion_pytorch_model",
    "diffusion_flax_model",
    "pytorch_model",
    "model",
    "flax_model",
    "openvino_model",
    "consolidated",
)
#: Stems of weights that alone tell what their folder is.
_LEADING = frozenset({"pytorch_lora_weights", "adapter_model", "learned_embeds", "ip_adapter"})
_COMPONENTS = ("unet", "transformer", "prior", "text_encoder", "text_encoder_2", "text_encoder_3")
_ONLY_IN_MODELS = ("scheduler", "tokenizer")


def is_model_folder(folder: Path, names: Collection[str], weights: Collection[str]) -> bool:
    """Tell whether a folder is one model.

    Args:
        folder: The folder.
        names: Everything in it.
        weights: Those of the names that weight files have.
    """
    if "model_index.json" in names:
        return True
    if weights and "adapter_config.json" in names:
        return True
    if "config.json" in names and _belongs_together(names, weights):
        return True
    if weights and all(_stem(name) in _LEADING for name in weights):
        return True
    return _has_components(folder, names)


def _belongs_together(names: Collection[str], weights: Collection[str]) -> bool:
    """Tell whether the weights beside a config are those of one model.

    A folder of loose models may hold a stray ``config.json``; several files of names that people
    gave are such a folder.
    """
    if not weights:
        return any(name.endswith(".index.json") for name in names)
    return len(weights) == 1 or all(name.startswith(_STANDARD) for name in weights)


def _has_components(folder: Path, names: Collection[str]) -> bool:
    """Tell whether the folders below are the parts of one model.

    Other programs call their folders of models ``unet`` or ``vae`` too, so a part has to hold a
    config and weights under the names that libraries give them, and something beside it that only
    models have.
    """
    if not any(name.startswith(_ONLY_IN_MODELS) for name in names):
        return False
    return any(name in names and _is_component(folder / name) for name in _COMPONENTS)


def _is_component(folder: Path) -> bool:
    try:
        inside = [path.name for path in folder.iterdir()]
    except OSError:
        return False  # the walk meets it again and says why
    return "config.json" in inside and any(name.startswith(_STANDARD) for name in inside)


def _stem(name: str) -> str:
    return name.partition(".")[0]

"""Names and shapes of published models at full size, from the classes of the libraries.

Models on torch's ``meta`` device have no weights: one of any size is made in a second.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

Shapes = dict[str, tuple[int, ...]]


def meta_shapes(cls: Any, config: Mapping[str, Any] | None = None) -> Shapes:
    """Return the shape of every tensor of a model under its name, as a file of it holds them.

    Args:
        cls: A class of diffusers or transformers, or another torch module.
        config: What it is made from; where a class has configs of its own, the values of one.
    """
    import torch

    values = dict(config or {})
    with torch.device("meta"):
        own = getattr(cls, "config_class", None)
        model = cls(own(**values)) if own is not None else cls(**values)
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def class_shapes(path: str, config: Mapping[str, Any] | None = None) -> Shapes:
    """Return the same for a class that is named by its module, such as ``diffusers.VQModel``."""
    module, _, name = path.rpartition(".")
    return meta_shapes(getattr(importlib.import_module(module), name), config)


def class_layers(path: str, config: Mapping[str, Any] | None = None) -> tuple[Shapes, Shapes]:
    """Return the shapes of all tensors of such a class, and those of what a LoRA may change.

    The second are the weights of linear layers and convolutions under the paths of the layers.
    """
    import torch

    module, _, name = path.rpartition(".")
    with torch.device("meta"):
        model = getattr(importlib.import_module(module), name)(**dict(config or {}))
    kinds = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
    layers = {n: tuple(e.weight.shape) for n, e in model.named_modules() if isinstance(e, kinds)}
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}, layers

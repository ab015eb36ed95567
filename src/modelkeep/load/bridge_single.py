"""The functions of diffusers that turn the names of the original code into its own.

They are not documented. No other module calls them, and a test tells when they change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from diffusers.loaders import single_file_utils
from torch.overrides import TorchFunctionMode

Tensors = dict[str, torch.Tensor]


class _WithoutCopies(TorchFunctionMode):
    """Leaves out copies that change nothing: each part of a split tensor stays a view of it."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if not kwargs:
            if func is torch.cat and len(args) == 1 and len(args[0]) == 1:
                return args[0][0]
            if func is torch.Tensor.clone and len(args) == 1:
                return args[0]
        return func(*args, **(kwargs or {}))


def unet(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """Return a U-Net under the names of diffusers.

    Args:
        tensors: All of it, by their names without prefix.
        config: Settings of its class.
    """
    prefixed = {single_file_utils.LDM_UNET_KEY + name: it for name, it in tensors.items()}
    return _run(single_file_utils.convert_ldm_unet_checkpoint, prefixed, dict(config))


def vae(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """Return a VAE under the names of diffusers; see ``unet``."""
    return _run(single_file_utils.convert_ldm_vae_checkpoint, tensors, dict(config))


def controlnet(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """Return a ControlNet under the names of diffusers; see ``unet``."""
    return _run(single_file_utils.convert_controlnet_checkpoint, tensors, dict(config))


def open_clip(tensors: Tensors, width: int) -> Tensors:
    """Return an OpenCLIP text encoder under the names that transformers had first.

    Args:
        tensors: All of it but the projection, by their names without prefix.
        width: Channels of the encoder.
    """
    model = SimpleNamespace(config=SimpleNamespace(hidden_size=width))
    return _run(single_file_utils.convert_open_clip_checkpoint, model, tensors, prefix="")


def flux(tensors: Tensors) -> Tensors:
    """Return a FLUX.1 transformer under the names of diffusers; see ``unet``."""
    convert = single_file_utils.convert_flux_transformer_checkpoint_to_diffusers
    return _run(convert, dict(tensors))


def roots_of(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return a tensor, and the one that it is a view of."""
    return (tensor,) if tensor._base is None else (tensor, tensor._base)


def _run(
    convert: Callable[..., dict[str, torch.Tensor | None]], *args: Any, **kwargs: Any
) -> Tensors:
    with _WithoutCopies():
        found = convert(*args, **kwargs)
    return {name: tensor for name, tensor in found.items() if tensor is not None}

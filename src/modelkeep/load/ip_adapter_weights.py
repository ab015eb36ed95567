"""``IPAdapterWeights``: an IP-Adapter that is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from modelkeep.load.tensor_bundle import Change, TensorBundle

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class IPAdapterWeights(TensorBundle):
    """An IP-Adapter, in the two halves that diffusers takes. It is not applied to anything.

    Attributes:
        kind: What turns pictures into tokens: ``plain`` (one layer), ``plus`` (a resampler),
            ``full`` (several layers), ``faceid`` or ``faceid_plus`` (from a face's vector).
        width: Of the tokens that the cross-attention takes.
        image_proj: Tensors that turn a picture's vector into tokens.
        ip_adapter: Tensors of the attention layers, named ``1.to_k_ip.weight``: the number counts
            the attention processors of the denoiser.
        image_encoder: The CLIP vision model that it needs, as its folder names it; empty where
            nothing does.
    """

    kind: str
    width: int
    image_proj: Mapping[str, torch.Tensor]
    ip_adapter: Mapping[str, torch.Tensor]
    image_encoder: str = ""

    @cached_property
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All tensors, with ``image_proj.`` or ``ip_adapter.`` before their names."""
        return {
            **{f"image_proj.{name}": tensor for name, tensor in self.image_proj.items()},
            **{f"ip_adapter.{name}": tensor for name, tensor in self.ip_adapter.items()},
        }

    def changed(self, change: Change) -> Self:
        """Return the same adapter with what ``change`` makes of each tensor."""
        return replace(
            self,
            image_proj={name: change(tensor) for name, tensor in self.image_proj.items()},
            ip_adapter={name: change(tensor) for name, tensor in self.ip_adapter.items()},
        )

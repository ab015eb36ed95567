"""``LoraWeights``: a LoRA or LyCORIS that is loaded, under one spelling of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from modelkeep.load.tensor_bundle import Change, TensorBundle

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class LoraModule:
    """What is done to one module.

    Attributes:
        component: The part of the pipeline that the module belongs to: ``unet``, ``transformer``,
            ``text_encoder``, ``text_encoder_2`` ...
        path: Name of the module there as ``named_modules`` gives it, with ``_`` in place of dots
            and without the ``text_model.`` that some classes of CLIP put before it. Blocks of
            U-Nets are called as diffusers does.
        kind: ``lora`` (LoCon too), ``loha``, ``lokr``, ``glora``, ``oft``, ``boft``, ``ia3`` or
            ``full`` (differences of whole tensors).
        tensors: By what they are: ``down``, ``up``, ``w1_a``, ``dora_scale`` ...
        rank: None where the kind has none.
        alpha: As the file states it; None where it states none.
        scale: What the product of the matrices is multiplied by: from alpha and rank.
    """

    component: str
    path: str
    kind: str
    tensors: Mapping[str, torch.Tensor]
    rank: int | None = None
    alpha: float | None = None
    scale: float = 1.0

    @property
    def name(self) -> str:
        """Component and path."""
        return f"{self.component}.{self.path}"

    @property
    def is_dora(self) -> bool:
        """Its magnitudes are learned apart from its directions."""
        return "dora_scale" in self.tensors


@dataclass(frozen=True)
class LoraWeights(TensorBundle):
    """All modules that an adapter changes. It is not applied to anything.

    Attributes:
        modules: In the order of the file.
        others: Tensors that belong to no module, by their names in the file: embeddings that
            some trainers add, replaced norms of control LoRAs.
    """

    modules: tuple[LoraModule, ...]
    others: Mapping[str, torch.Tensor]

    @cached_property
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All tensors by component, path and what they are."""
        return {
            **{f"{m.name}.{what}": t for m in self.modules for what, t in m.tensors.items()},
            **{f"others.{name}": tensor for name, tensor in self.others.items()},
        }

    @property
    def components(self) -> tuple[str, ...]:
        """The parts of a pipeline that it changes."""
        return tuple(dict.fromkeys(module.component for module in self.modules))

    def of(self, component: str) -> dict[str, LoraModule]:
        """Return the modules of one component by their paths."""
        return {m.path: m for m in self.modules if m.component == component}

    def changed(self, change: Change) -> Self:
        """Return the same adapter with what ``change`` makes of each tensor."""

        def all_of(tensors: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
            return {name: change(tensor) for name, tensor in tensors.items()}

        modules = tuple(replace(m, tensors=all_of(m.tensors)) for m in self.modules)
        return type(self)(modules, all_of(self.others))

"""``TensorBundle``: what is loaded where no library has a class for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import torch

#: Gives what a tensor becomes.
Change = Callable[["torch.Tensor"], "torch.Tensor"]


class TensorBundle(ABC):
    """Tensors that belong together. Bundles do not change: moving one gives another."""

    @property
    @abstractmethod
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All of its tensors by unique names."""

    @abstractmethod
    def changed(self, change: Change) -> Self:
        """Return a bundle of the same kind with what ``change`` makes of each tensor."""

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return the bundle on another device or in another precision, as ``Tensor.to`` does."""
        return self.changed(lambda tensor: tensor.to(*args, **kwargs))

    @property
    def bytes(self) -> int:
        """Bytes of its tensors."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors.values())


@dataclass(frozen=True, slots=True)
class NamedTensors(TensorBundle):
    """The tensors of a file by their names there."""

    tensors: Mapping[str, torch.Tensor]

    def changed(self, change: Change) -> Self:
        """Return them changed."""
        return type(self)({name: change(tensor) for name, tensor in self.tensors.items()})

"""``TorchPart``: one part of a model in memory, with its tensors counted and watched."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch


class TorchPart:
    """One part of a model in memory.

    Args:
        value: A module, or any object; a mapping of tensors is found in its ``tensors``.
        is_own_copy: Each who asks gets a copy.

    Attributes:
        tensors: Parameters and buffers, each once.
        bytes: Memory that they take; what several share counts once.
    """

    def __init__(self, value: object, *, is_own_copy: bool = False) -> None:
        self.value = value
        self._is_own_copy = is_own_copy
        self.tensors = tuple(_tensors_of(value))
        self.bytes = sum(_storages(self.tensors).values())
        self._modules = tuple(value.modules()) if isinstance(value, torch.nn.Module) else ()
        self._contents = self._marks_of_tensors()
        self._shape = self._marks_of_modules()

    @property
    def class_name(self) -> str:
        """What it is."""
        return type(self.value).__name__

    @property
    def has_tensors(self) -> bool:
        """It is a module, which a device may hold."""
        return bool(self._modules)

    def hand_out(self) -> object:
        """Return the part for use; where using it changes it, a copy of its own."""
        return copy.deepcopy(self.value) if self._is_own_copy else self.value

    def was_written(self) -> bool:
        """Tell whether somebody changed it since it was loaded.

        Noticed are: tensors that were written or replaced, hooks, parts that were swapped,
        another attention processor, training mode.
        """
        if self._is_own_copy:
            return False
        return self._contents != self._marks_of_tensors() or self._shape != self._marks_of_modules()

    def _marks_of_tensors(self) -> list[tuple[int, int]]:
        return [(tensor._version, tensor.data_ptr()) for tensor in self.tensors]  # noqa: SLF001 - nothing else tells of writes

    def _marks_of_modules(self) -> list[object]:
        marks: list[object] = []
        for module in self._modules:
            inside = module.__dict__
            marks += (
                inside["training"],
                len(inside["_forward_hooks"]) + len(inside["_forward_pre_hooks"]),
                id(inside.get("processor")),
                "forward" in inside,
            )
            marks += map(id, inside["_modules"].values())
            marks += map(id, inside["_parameters"].values())
        return marks


def _tensors_of(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.nn.Module):
        yield from value.parameters()
        yield from value.buffers()
        return
    tensors: Any = getattr(value, "tensors", None)
    if isinstance(tensors, Mapping):
        yield from (tensor for tensor in tensors.values() if isinstance(tensor, torch.Tensor))


def _storages(tensors: Iterable[torch.Tensor]) -> dict[tuple[int, int], int]:
    """Return the bytes of the memory behind tensors, by where it is."""
    behind = [tensor.untyped_storage() for tensor in tensors if tensor.device.type != "meta"]
    return {(one.data_ptr(), one.nbytes()): one.nbytes() for one in behind if one.nbytes()}

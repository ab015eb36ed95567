"""``SharedCounter`` and ``Versions``: whether somebody wrote to tensors.

torch counts the writes to each tensor, and to all that are views of one together. To ask hundreds
of tensors for their counts takes longer than all else that handing out a part does, so those of one
load get one counter.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

import torch

_version_of = attrgetter("_version")


class SharedCounter:
    """One count of writes for many tensors, each of which keeps its own memory.

    Args:
        device: Where the tensors are.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._origin = torch.empty(0, device=device)

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a tensor over the same memory whose writes count here.

        One of another kind, as sparse ones are, is returned as it is.
        """
        if tensor.device != self._origin.device or tensor.layout != self._origin.layout:
            return tensor
        counted = self._origin.detach()  # counts with its origin, as every view does
        counted.data = tensor  # takes over all of a tensor but its count
        return counted

    def counts(self, tensors: Iterable[torch.Tensor]) -> set[int]:
        """Return the ids of the tensors whose writes count here; adds one to the count."""
        before = [(tensor, _version_of(tensor)) for tensor in tensors]
        torch.autograd.graph.increment_version(self._origin)
        return {id(tensor) for tensor, version in before if _version_of(tensor) != version}


class Versions:
    """Tells whether somebody wrote to some tensors since this was made.

    Args:
        tensors: Those to watch.
        counter: Counts the writes to most of them; nobody else counts on it yet.
    """

    def __init__(
        self, tensors: Iterable[torch.Tensor], counter: SharedCounter | None = None
    ) -> None:
        watched = list(tensors)
        if counter is not None:
            counted = counter.counts(watched)
            together = [tensor for tensor in watched if id(tensor) in counted]
            watched = together[:1] + [tensor for tensor in watched if id(tensor) not in counted]
        self._watched = watched
        self._before = self._now()

    def have_changed(self) -> bool:
        """Tell whether somebody did."""
        return self._now() != self._before

    def _now(self) -> list[int]:
        return list(map(_version_of, self._watched))

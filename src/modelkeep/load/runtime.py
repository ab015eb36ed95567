"""``TorchRuntime``: loads parts with torch, and finds its devices."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from modelkeep.load.device import find_device
from modelkeep.load.entry import TorchPart
from modelkeep.load.loader import ModelLoader
from modelkeep.load.plan import LoadPlan
from modelkeep.load.ports import Device, LoadedPart, Look
from modelkeep.load.precision import Precision
from modelkeep.load.tensors import TensorReader
from modelkeep.load.watch import LoadWatch

_DTYPES = {
    Precision.FLOAT32: torch.float32,
    Precision.FLOAT16: torch.float16,
    Precision.BFLOAT16: torch.bfloat16,
}


class TorchRuntime:
    """Loads parts with torch.

    Args:
        may_map: Tells whether so many bytes of a file may be mapped; else they are read.
    """

    def __init__(self, may_map: Callable[[Path, int], bool]) -> None:
        self._may_map = may_map

    def device(self, wanted: str) -> Device:
        """Return a device; see ``find_device``."""
        return find_device(wanted)

    def dtype(self, precision: Precision) -> torch.dtype:
        """Return torch's name of a precision."""
        return _DTYPES[precision]

    def load(
        self,
        loader: ModelLoader,
        plan: LoadPlan,
        precision: Precision,
        watch: LoadWatch,
        looks: Mapping[Path, Look],
    ) -> LoadedPart:
        """Load a part into the memory of the processor; see ``Runtime``."""

        def is_unchanged(path: Path, now: os.stat_result) -> bool:
            return looks.get(path) in {None, (now.st_size, now.st_mtime_ns, now.st_ino)}

        source = TensorReader(watch, may_map=self._may_map, is_unchanged=is_unchanged)
        made = loader.make(plan, source, precision)
        return TorchPart(
            made,
            is_own_copy=plan.is_own_copy,
            mapped=source.taken.mapped,
            counter=source.counter,
        )

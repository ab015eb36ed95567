"""What the load service needs from torch: loaded parts, devices, and a runtime that has both."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from modelkeep.load.loader import ModelLoader
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.watch import LoadWatch

#: What a file looks like: size, time of the last change, inode.
Look = tuple[int, int, int]


class LoadedPart(Protocol):
    """One part of a model in memory."""

    @property
    def bytes(self) -> int:
        """Bytes of memory that it takes; tensors that share memory count once."""
        ...

    @property
    def mapped(self) -> int:
        """Bytes of files that are mapped, which other processes may share."""
        ...

    @property
    def class_name(self) -> str:
        """What it is, such as ``AutoencoderKL``."""
        ...

    @property
    def has_tensors(self) -> bool:
        """It has numbers that a device may hold."""
        ...

    def hand_out(self) -> object:
        """Return the part for use; where using it changes it, a copy of its own."""
        ...

    def was_written(self) -> bool:
        """Tell whether somebody changed its tensors in place since it was loaded."""
        ...

    def was_rebuilt(self) -> bool:
        """Tell whether somebody changed something else of it; takes longer to see."""
        ...


class Device(Protocol):
    """Memory that parts can be in, and that computes."""

    @property
    def name(self) -> str:
        """As torch calls it: ``cpu``, ``cuda:0`` ..."""
        ...

    @property
    def is_host(self) -> bool:
        """It is the processor: parts are there as they are loaded."""
        ...

    def available(self) -> int:
        """Return the bytes that are free now."""
        ...

    def place(self, part: LoadedPart) -> LoadedPart:
        """Return a copy of a part in the memory of this device; the part stays as it is."""
        ...

    def streamed(self, part: LoadedPart) -> AbstractContextManager[object]:
        """Let a part that is larger than the device run on it for a block, piece by piece."""
        ...

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Tell whether an error says that the memory of this device is full."""
        ...

    def release(self) -> None:
        """Give memory that nobody uses back to the system."""
        ...


class Runtime(Protocol):
    """What loads parts and has devices."""

    def device(self, wanted: str) -> Device:
        """Return a device.

        Args:
            wanted: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` ...

        Raises:
            DeviceError: it is not there.
        """
        ...

    def dtype(self, precision: Precision) -> Any:
        """Return torch's name of a precision, a ``torch.dtype``."""
        ...

    def load(
        self,
        loader: ModelLoader,
        plan: LoadPlan,
        precision: Precision,
        watch: LoadWatch,
        looks: Mapping[Path, Look],
    ) -> LoadedPart:
        """Load a part into the memory of the processor.

        Args:
            loader: Makes it.
            plan: What it is made of.
            precision: Of its floating numbers.
            watch: Gets the progress, and stops the load.
            looks: What the files looked like when it was planned.

        Raises:
            ModelKeepError: it cannot be loaded.
            LoadCancelledError: nobody waits any more.
        """
        ...

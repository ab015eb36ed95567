"""``HostDevice``: the processor and its memory, known without torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelkeep.load.memory import host_memory
from modelkeep.load.ports import LoadedPart

#: What Linux has where a driver for GPUs that torch can use is loaded: of NVIDIA, and of AMD.
_DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/kfd"), Path("/dev/dxg"))


class HostDevice:
    """The processor: parts are there as they are loaded."""

    name = "cpu"
    is_host = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def available(self) -> int:
        """Return the bytes that are free now."""
        return host_memory().available

    def place(self, part: LoadedPart) -> LoadedPart:
        """Return the part itself."""
        return part

    @contextmanager
    def streamed(self, part: LoadedPart) -> Iterator[object]:
        """Give the part itself."""
        yield part.hand_out()

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Tell whether an error says that memory is full."""
        # torch's allocator for the processor has no error class of its own.
        return isinstance(error, MemoryError) or (
            isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
        )

    def release(self) -> None:
        """Do nothing: memory goes back by itself."""


def has_gpu() -> bool:
    """Tell whether the system has a driver for a GPU, without starting torch."""
    return any(driver.exists() for driver in _DRIVERS)

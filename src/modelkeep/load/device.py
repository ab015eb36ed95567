"""Devices of torch: GPUs that hold copies of loaded parts."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from modelkeep.errors import DeviceError
from modelkeep.load.entry import TorchPart
from modelkeep.load.host import HostDevice
from modelkeep.load.ports import LoadedPart
from modelkeep.load.versions import SharedCounter

AUTO = "auto"


class TorchDevice:
    """A device of torch that holds copies of parts, such as a GPU.

    Args:
        device: As torch has it.
    """

    is_host = False

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.name = str(device)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def available(self) -> int:
        """Return the bytes that are free now, those included that torch keeps for reuse."""
        free, _ = torch.cuda.mem_get_info(self._device)
        return (
            free
            + torch.cuda.memory_reserved(self._device)
            - torch.cuda.memory_allocated(self._device)
        )

    def copy_tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a copy of a tensor in the memory of this device."""
        return tensor.detach().to(self._device, copy=True)

    def place(self, part: LoadedPart) -> LoadedPart:
        """Return a copy of a part in the memory of this device; the part stays as it is."""
        if not isinstance(part, TorchPart) or not part.has_tensors:
            return part
        if not isinstance(part.value, torch.nn.Module):
            moved: Any = part.value
            return TorchPart(moved.to(self._device))
        # A deep copy with the tensors given is the module anew around the copies on the device.
        memo: dict[int, Any] = {}
        counter = SharedCounter(self._device)
        with torch.no_grad():
            for tensor in part.tensors:
                moved = counter.of(self.copy_tensor(tensor))
                is_parameter = isinstance(tensor, torch.nn.Parameter)
                memo[id(tensor)] = (
                    torch.nn.Parameter(moved, requires_grad=False) if is_parameter else moved
                )
            return TorchPart(copy.deepcopy(part.value, memo), counter=counter)

    @contextmanager
    def streamed(self, part: LoadedPart) -> Iterator[object]:
        """Let a part that is larger than the device run on it for a block, piece by piece.

        The block gets a module of its own around the tensors of the part, which stay.
        """
        if not isinstance(part, TorchPart) or not isinstance(part.value, torch.nn.Module):
            yield part.hand_out()
            return
        from modelkeep.load.offloading import group_offloading

        module = copy.deepcopy(part.value, _shared(part.tensors))
        with group_offloading(module, self._device):
            yield module

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Tell whether an error says that the memory of this device is full."""
        return isinstance(error, torch.OutOfMemoryError)

    def release(self) -> None:
        """Give memory that nobody uses back to the system."""
        torch.cuda.empty_cache()


def find_device(wanted: str) -> HostDevice | TorchDevice:
    """Return a device.

    Args:
        wanted: ``auto`` (the first GPU, else the processor), ``cpu``, ``cuda``, ``cuda:1`` ...

    Raises:
        DeviceError: it is not there, or torch was built without it.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    kind, _, number = wanted.partition(":")
    if kind == "cpu" or (wanted == AUTO and not count):
        return HostDevice()
    if wanted != AUTO and kind != "cuda":
        raise DeviceError(
            f"There is no device {wanted!r}", hint="Choose one of: auto, cpu, cuda, cuda:1 ..."
        )
    if number and not number.isdecimal():
        raise DeviceError(f"There is no device {wanted!r}", hint="Name it like cuda:1.")
    if int(number or 0) >= count:
        here = "no GPU that torch can use" if not count else f"{count} of them: cuda:0 ..."
        raise DeviceError(
            f"There is no device {wanted!r}: this machine has {here}",
            hint="Use --device cpu, or install a torch that is built for your GPU.",
        )
    return TorchDevice(torch.device("cuda", int(number or 0)))


def _shared(tensors: tuple[torch.Tensor, ...]) -> dict[int, Any]:
    """Return the memo of a deep copy that shares the memory of tensors, not the tensors."""
    return {
        id(tensor): (
            torch.nn.Parameter(tensor.detach(), requires_grad=False)
            if isinstance(tensor, torch.nn.Parameter)
            else tensor.detach()
        )
        for tensor in tensors
    }

"""``OnnxSession``: a session of onnxruntime that can go to another device."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import onnxruntime

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxSession(onnxruntime.InferenceSession):  # type: ignore[misc]  # it has no types
    """An ``InferenceSession`` for one device.

    Args:
        model: The file.
        device: ``cpu``, or ``cuda``, ``cuda:1`` ... The processor does what a GPU cannot, and
            everything where this onnxruntime has no support for GPUs.
        size: Bytes of its files.

    Attributes:
        bytes: The same.
    """

    def __init__(self, model: Path, device: str = "cpu", size: int = 0) -> None:
        self._file, self.bytes = model, size
        kind, _, number = device.partition(":")
        providers: list[str | tuple[str, dict[str, str]]] = [_CPU]
        if kind == "cuda" and _CUDA in onnxruntime.get_available_providers():
            providers.insert(0, (_CUDA, {"device_id": number or "0"}))
        super().__init__(model, providers=providers)

    def to(self, device: object) -> Self:
        """Return a session of the same model for another device."""
        return type(self)(self._file, str(device), self.bytes)

"""``TensorHeader``: what the header of a weight file holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

Container = Literal["safetensors", "pickle", "gguf", "onnx"]


class TensorInfo(msgspec.Struct, frozen=True, gc=False):
    """One tensor: element type, shape in torch's order, and place.

    The type is in safetensors' words (F16, BF16, F32 ...); of GGUF's blocks in those of ggml
    (Q4_K, IQ4_XS ...). ``data_offsets`` counts from the first byte of the data, behind the header
    of a safetensors or GGUF file, and is (0, 0) where a container has no such thing.
    """

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """Names, shapes and metadata of one weight file.

    Attributes:
        name: What messages call the file.
        container: What the content is, decided by its bytes and never by a suffix.
        size: Length of the file in bytes.
        tensors: Every tensor under its full name; nested dicts are joined with dots.
        metadata: The ``__metadata__`` of safetensors; scalars at the top of a pickle, and the
            keys of GGUF that are no lists, as text.
        data_start: The byte of the file from which ``data_offsets`` of GGUF count.
        part: Number of this file among the parts of its model, from 1; 0 where it says nothing.
        parts: How many files the model is split into, where the header says so; else 1.
    """

    name: str
    container: Container
    size: int
    tensors: dict[str, TensorInfo]
    metadata: dict[str, str] = field(default_factory=dict)
    data_start: int = 0
    part: int = 0
    parts: int = 1

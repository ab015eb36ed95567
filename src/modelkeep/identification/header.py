"""``TensorHeader``: what the header of a weight file holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

Container = Literal["safetensors", "pickle"]


class TensorInfo(msgspec.Struct, frozen=True, gc=False):
    """One tensor: element type in safetensors' words (F16, BF16, F32 ...), shape and place.

    ``data_offsets`` counts from the first byte after the header of a safetensors file and is
    (0, 0) where a container has no such thing.
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
        metadata: The ``__metadata__`` of safetensors; scalars at the top of a pickle, as text.
    """

    name: str
    container: Container
    size: int
    tensors: dict[str, TensorInfo]
    metadata: dict[str, str] = field(default_factory=dict)

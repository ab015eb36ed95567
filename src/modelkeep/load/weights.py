"""``weights_of``: the tensors of one weight file, and where each of them stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core.reading import LocalFile
from modelkeep.errors import CorruptModelError
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header
from modelkeep.load.plan import TensorPlace


@dataclass(frozen=True, slots=True)
class WeightFile:
    """The header of a weight file, as loading needs it.

    Attributes:
        tensors: Where each tensor is, by its name, in the order of the file.
        metadata: What else the header says.
    """

    path: Path
    tensors: Mapping[str, TensorPlace]
    metadata: Mapping[str, str] = field(default_factory=dict)


def weights_of(path: Path) -> WeightFile:
    """Read the header of a weight file; nothing in it is run.

    Raises:
        UnsafeModelError: it is a pickle that would run code.
        CorruptModelError: it is damaged.
        UnknownModelError: it is no weight file.
    """
    with LocalFile(path) as file:
        header = read_header(file)
    places = _places(path, header)
    return WeightFile(path, places, header.metadata)


def _places(path: Path, header: TensorHeader) -> dict[str, TensorPlace]:
    if header.container != "safetensors":
        raise CorruptModelError(f"{path} is a pickle, which cannot be loaded yet")
    start = header.size - max((info.data_offsets[1] for info in header.tensors.values()), default=0)
    ordered = sorted(header.tensors.items(), key=lambda item: item[1].data_offsets)
    return {
        name: TensorPlace(path, start + info.data_offsets[0], info.dtype, info.shape)
        for name, info in ordered
    }

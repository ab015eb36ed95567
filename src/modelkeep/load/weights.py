"""``weights_of``: the tensors of one weight file, and where each of them stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from modelkeep.core.reading import LocalFile, printable
from modelkeep.errors import CorruptModelError
from modelkeep.identification.header import Container, TensorHeader
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.dtypes import element
from modelkeep.identification.readers.pickle_values import UNPLACED, PickledTensor
from modelkeep.load.plan import DTYPE_BITS, TensorPlace

_CONVERT = "Use a safetensors version of the model, or save it again with a current torch."


@dataclass(frozen=True, slots=True)
class WeightFile:
    """The header of a weight file, as loading needs it.

    Attributes:
        path: The file; of weights in several files, their index.
        tensors: Where each tensor is, by its name, in the order of the file.
        metadata: What else the header says.
        files: Every file that has to be there: the index, if there is one, and the weight files.
    """

    path: Path
    tensors: Mapping[str, TensorPlace]
    metadata: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


def weights_of(path: Path) -> WeightFile:
    """Read the header of a weight file; nothing in it is run.

    Raises:
        SourceError: it cannot be read.
        UnsafeModelError: it is a pickle that would run code.
        CorruptModelError: it is damaged, or its tensors are stored in a way that is not loaded.
        UnknownModelError: it is no weight file.
    """
    with LocalFile(path) as file:
        header = read_header(file)
    if header.container not in _PLACES:
        raise CorruptModelError(
            f"{printable(path)} cannot be loaded: it is an ONNX model", hint=_CONVERT
        )
    for name, info in header.tensors.items():
        if info.dtype not in DTYPE_BITS:
            raise _unusable(path, name, f"has elements of the type {info.dtype}")
    found = _PLACES[header.container](path, header)
    places = dict(sorted(found, key=lambda item: item[1].offset))
    return WeightFile(path, places, header.metadata, (path,))


def _in_safetensors(path: Path, header: TensorHeader) -> Iterator[tuple[str, TensorPlace]]:
    data = max((info.data_offsets[1] for info in header.tensors.values()), default=0)
    start = header.size - data
    for name, info in header.tensors.items():
        yield name, TensorPlace(path, start + info.data_offsets[0], info.dtype, info.shape)


def _in_gguf(path: Path, header: TensorHeader) -> Iterator[tuple[str, TensorPlace]]:
    """Give the places of plain numbers; a file with blocks has been refused before."""
    for name, info in header.tensors.items():
        offset = header.data_start + info.data_offsets[0]
        yield name, TensorPlace(path, offset, info.dtype, info.shape)


def _in_pickle(path: Path, header: TensorHeader) -> Iterator[tuple[str, TensorPlace]]:
    for name, info in header.tensors.items():
        if not isinstance(info, PickledTensor) or info.storage is None:
            raise _unusable(path, name, "is sparse, quantised or has no contents")
        if info.storage.flaw:
            raise _unusable(path, name, f"cannot be used as it is stored: {info.storage.flaw}")
        if info.storage.start == UNPLACED:
            raise _unusable(path, name, "has its contents elsewhere")
        offset = info.storage.start + info.offset * DTYPE_BITS[info.dtype] // 8
        strides = None if _is_in_rows(info.shape, info.strides) else info.strides
        yield name, TensorPlace(path, offset, info.dtype, info.shape, strides)


#: Says where the tensors of a file are, by its kind.
_PLACES: Mapping[Container, Callable[[Path, TensorHeader], Iterator[tuple[str, TensorPlace]]]] = (
    MappingProxyType({"safetensors": _in_safetensors, "pickle": _in_pickle, "gguf": _in_gguf})
)


def _is_in_rows(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Tell whether the elements stand one after the other, the last dimension running fastest."""
    expected = 1
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length != 1 and stride != expected:
            return 0 in shape
        expected *= length
    return True


def _unusable(path: Path, name: str, why: str) -> CorruptModelError:
    return CorruptModelError(
        f"{printable(path)} cannot be loaded: its tensor {element(name)} {why}", hint=_CONVERT
    )

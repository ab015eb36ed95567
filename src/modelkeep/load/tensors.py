"""``TensorReader``: brings tensors from weight files into memory, in the precision wanted."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import torch

from modelkeep.core import limits
from modelkeep.core.reading import LocalFile
from modelkeep.errors import ChangedModelError
from modelkeep.load.content import PIECE_BYTES, Content, new_memory
from modelkeep.load.loader import PrecisionOf
from modelkeep.load.mapping import map_content
from modelkeep.load.plan import FLOATS, TensorPlace
from modelkeep.load.precision import Precision
from modelkeep.load.read_ahead import ReadAhead
from modelkeep.load.reading import read_content
from modelkeep.load.stretches import Stretch, stretches
from modelkeep.load.versions import SharedCounter
from modelkeep.load.watch import LoadWatch

#: Types of torch by the names of safetensors.
TORCH_DTYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {
        "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
        "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
        "F8_E8M0": torch.float8_e8m0fnu, "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
        "F8_E5M2FNUZ": torch.float8_e5m2fnuz, "C64": torch.complex64, "C128": torch.complex128,
        "I64": torch.int64, "U64": torch.uint64, "I32": torch.int32, "U32": torch.uint32,
        "I16": torch.int16, "U16": torch.uint16, "I8": torch.int8, "U8": torch.uint8,
        "BOOL": torch.bool,
    }
)  # fmt: skip
#: Types of torch by the precisions that a caller may ask for.
TORCH_PRECISIONS: Mapping[Precision, torch.dtype] = MappingProxyType(
    {
        Precision.FLOAT32: torch.float32,
        Precision.FLOAT16: torch.float16,
        Precision.BFLOAT16: torch.bfloat16,
    }
)
#: Smaller tensors take memory of ``malloc``, where they do not fill whole pages.
_OWN_PAGES = 64 * limits.KIB
#: Numbers that stay in the cache of a processor while they are converted twice.
_IN_CACHE = 64 * limits.KIB
#: Unwanted bytes between two tensors that are mapped, or read, along with them.
_MAP_GAP = 128 * limits.KIB
_READ_GAP = 4 * limits.KIB


@dataclass(frozen=True, slots=True)
class ReadBytes:
    """What tensors take in memory.

    Attributes:
        mapped: Bytes of files that are mapped; other processes may share them.
        private: Bytes that were read as they are.
        converted: Bytes in another precision than that of the file.
    """

    mapped: int = 0
    private: int = 0
    converted: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.mapped + self.private + self.converted


class TensorReader:
    """Brings tensors into memory: mapped where that is allowed and no number changes, else read.

    A ``TensorSource``. For one load, in one thread.

    Args:
        watch: Gets the progress, and stops it.
        may_map: Tells whether so many bytes of a file may be mapped; by default none are.
        is_unchanged: Tells whether an open file is the one that was planned with.

    Attributes:
        taken: What its tensors take in memory, so far.
        counter: Counts the writes to all of them.
    """

    def __init__(
        self,
        watch: LoadWatch | None = None,
        *,
        may_map: Callable[[Path, int], bool] = lambda _path, _bytes: False,
        is_unchanged: Callable[[Path, os.stat_result], bool] = lambda _path, _now: True,
    ) -> None:
        self._watch = watch or LoadWatch()
        self._may_map = may_map
        self._is_unchanged = is_unchanged
        self.taken = ReadBytes()
        self.counter = SharedCounter()

    def read(
        self, places: Mapping[str, TensorPlace], precision_of: PrecisionOf
    ) -> dict[str, torch.Tensor]:
        """Return the tensors under the same names; see ``TensorSource``.

        Integers, booleans and floats of 8 bits stay as they are. Tensors that share memory in a
        pickle, or have strides there, do so here. Writing to a tensor never reaches the file.

        Args:
            places: Where they are.
            precision_of: Gives the precision wanted of each that has floating numbers.

        Raises:
            LoadCancelledError: nobody waits any more.
            CorruptModelError: a file is shorter than its header says.
            ChangedModelError: a file is not the one that was planned with.
            SourceError: a file cannot be read.
            MemoryError: there is not enough memory.
        """
        by_file: dict[Path, dict[str, TensorPlace]] = {}
        for name, place in places.items():
            by_file.setdefault(place.file, {})[name] = place
        tensors: dict[str, torch.Tensor] = {}
        try:
            for path, some in by_file.items():
                with ReadAhead(path, max(place.end for place in some.values())) as file:
                    self._check(file)
                    self._read_file(file, some, precision_of, tensors)
        except BaseException as error:
            tensors.clear()
            _let_go(error)
            raise
        counted = {id(tensor): self.counter.of(tensor) for tensor in tensors.values()}
        return {name: counted[id(tensors[name])] for name in places}

    def _check(self, file: LocalFile) -> None:
        if not self._is_unchanged(file.path, os.fstat(file.fileno())):
            raise ChangedModelError(
                f"{file.name} has changed since it was looked at", hint="Load the model again."
            )

    def _read_file(
        self,
        file: LocalFile,
        places: Mapping[str, TensorPlace],
        precision_of: PrecisionOf,
        tensors: dict[str, torch.Tensor],
    ) -> None:
        """Read what is wanted of one file, from its front to its end."""
        kept: dict[str, TensorPlace] = {}
        changed: dict[tuple[TensorPlace, torch.dtype], list[str]] = {}
        for name, place in places.items():
            dtype = _dtype_of(name, place, precision_of)
            if not place.count:
                tensors[name] = torch.empty(place.shape, dtype=dtype)
            elif dtype == TORCH_DTYPES[place.dtype]:
                kept[name] = place
            else:
                changed.setdefault((place, dtype), []).append(name)
        steps: list[tuple[int, Callable[[], dict[str, torch.Tensor]]]] = [
            *((s.start, partial(self._keep, file, s, kept)) for s in stretches(kept, _MAP_GAP)),
            *(
                (place.offset, partial(self._convert, file, place, dtype, names))
                for (place, dtype), names in changed.items()
            ),
        ]
        for _, step in sorted(steps, key=lambda step: step[0]):
            tensors |= step()

    # -- as they are

    def _keep(
        self, file: LocalFile, stretch: Stretch, places: Mapping[str, TensorPlace]
    ) -> dict[str, torch.Tensor]:
        inside = {name: places[name] for name in stretch.names}
        is_aligned = not any(p.offset % TORCH_DTYPES[p.dtype].itemsize for p in inside.values())
        if is_aligned and self._may_map(file.path, stretch.end - stretch.start):
            content = map_content(file, stretch.start, stretch.end, self._watch)
            self._take(mapped=content.bytes)
            return {name: self._view(content, place) for name, place in inside.items()}
        tensors: dict[str, torch.Tensor] = {}
        for part in stretches(inside, _READ_GAP):
            content = read_content(file, part.start, part.end, self._watch)
            self._take(private=content.bytes)
            tensors |= {name: self._view(content, inside[name]) for name in part.names}
        return tensors

    def _view(self, content: Content, place: TensorPlace) -> torch.Tensor:
        dtype, index = TORCH_DTYPES[place.dtype], content.index(place.offset)
        if index % dtype.itemsize:  # no processor is asked to read numbers across their bounds
            size = place.end - place.offset
            memory = new_memory(size)
            memory[:size] = content.memory[index : index + size]
            self._take(private=size)
            content, index = Content(memory, place.offset), 0
        flat = torch.frombuffer(content.memory, dtype=dtype, count=place.span, offset=index)
        return _shaped(flat, place)

    # -- in another precision

    def _convert(
        self, file: LocalFile, place: TensorPlace, dtype: torch.dtype, names: list[str]
    ) -> dict[str, torch.Tensor]:
        stored = TORCH_DTYPES[place.dtype]
        flat = _new_tensor(place.span, dtype)
        at_once = min(place.span, PIECE_BYTES // stored.itemsize)
        scratch = new_memory(at_once * stored.itemsize)
        numbers = torch.frombuffer(scratch, dtype=stored)
        with memoryview(scratch) as view:
            for first in range(0, place.span, at_once):
                count = min(at_once, place.span - first)
                with view[: count * stored.itemsize] as piece:
                    file.read_into(piece, place.offset + first * stored.itemsize)
                _copy(numbers[:count], flat[first : first + count])
                self._watch.advance(count * stored.itemsize)
        tensor = _shaped(flat, place)
        if place.span > place.count:
            tensor = tensor.clone(memory_format=torch.contiguous_format)
        self._take(converted=tensor.untyped_storage().nbytes())
        return dict.fromkeys(names, tensor)

    def _take(self, *, mapped: int = 0, private: int = 0, converted: int = 0) -> None:
        self.taken = replace(
            self.taken,
            mapped=self.taken.mapped + mapped,
            private=self.taken.private + private,
            converted=self.taken.converted + converted,
        )


def _dtype_of(name: str, place: TensorPlace, precision_of: PrecisionOf) -> torch.dtype:
    if place.dtype not in FLOATS:
        return TORCH_DTYPES[place.dtype]
    return TORCH_PRECISIONS[precision_of(name)]


def _shaped(flat: torch.Tensor, place: TensorPlace) -> torch.Tensor:
    if place.strides is None:
        return flat.view(place.shape)
    return flat.as_strided(place.shape, place.strides)


def _copy(numbers: torch.Tensor, target: torch.Tensor) -> None:
    if (numbers.dtype, target.dtype) != (torch.float16, torch.bfloat16):
        target.copy_(numbers)
        return
    # Straight from one to the other, torch takes three times as long.
    for first in range(0, len(numbers), _IN_CACHE):
        some = slice(first, first + _IN_CACHE)
        target[some].copy_(numbers[some].float())


def _new_tensor(count: int, dtype: torch.dtype) -> torch.Tensor:
    """Return memory for so many numbers.

    Raises:
        MemoryError: there is not so much.
    """
    size = count * dtype.itemsize
    if size >= _OWN_PAGES:
        return torch.frombuffer(new_memory(size), dtype=dtype, count=count)
    try:
        return torch.empty(count, dtype=dtype)
    except RuntimeError as error:  # torch has no type of its own for this on a CPU
        if "can't allocate memory" not in str(error):
            raise
        raise MemoryError(f"No memory for {size:,} bytes") from error


def _let_go(error: BaseException | None) -> None:
    """Forget what the functions that an error went through still hold: memory, above all."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__

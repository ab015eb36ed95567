"""``LoadPlan``: what one part of a model is made of, known from headers and configs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modelkeep.load.precision import Precision

#: Bits of one number, by the names that safetensors uses; what is not here has none.
DTYPE_BITS: Mapping[str, int] = MappingProxyType(
    {
        "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64, "C128": 128, "I64": 64, "U64": 64,
        "I32": 32, "U32": 32, "I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8,
    }
)  # fmt: skip
#: Types whose numbers loading may bring to another precision.
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_STORED = {"F16": Precision.FLOAT16, "BF16": Precision.BFLOAT16}
_BYTES = {Precision.FLOAT32: 4, Precision.FLOAT16: 2, Precision.BFLOAT16: 2}


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where the numbers of one tensor are.

    Attributes:
        file: The weight file.
        offset: Byte in the file at which its first element stands.
        dtype: Type of its elements as safetensors calls it: F16, BF16, F32 ...
        shape: Its dimensions.
        strides: Elements between neighbours in each dimension; None when they stand one after
            the other in rows.
    """

    file: Path
    offset: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        """How many elements it has."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def span(self) -> int:
        """Elements from the first to the last in the file, both counted."""
        if self.strides is None or not self.count:
            return self.count
        steps = zip(self.shape, self.strides, strict=True)
        return 1 + sum((length - 1) * stride for length, stride in steps)

    @property
    def end(self) -> int:
        """Byte in the file behind its last element."""
        return self.offset + self.span * DTYPE_BITS[self.dtype] // 8

    @property
    def bytes(self) -> int:
        """Bytes that its elements take, each counted once."""
        return self.count * DTYPE_BITS[self.dtype] // 8

    def bytes_in(self, precision: Precision) -> int:
        """Return the bytes that it takes in a precision; only floating numbers change theirs."""
        return self.count * _BYTES[precision] if self.dtype in FLOATS else self.bytes


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What one part of a model is made of.

    A loader makes plans from headers and configs, without torch; the same loader makes the part.

    Attributes:
        loader: Name of the loader.
        part: Name of the part, such as ``vae``; empty where the model is one thing.
        library: Package that has the class: ``diffusers``, ``transformers`` ...
        class_name: What is made, such as ``AutoencoderKL``.
        config: What the class is made from.
        tensors: Where the weights are, by their names in the files, in the order of the files.
        strip: What to take off the front of the names.
        conversion: Name of the conversion that gives the names of the class; empty: they have
            them already.
        files: All files that it is made of; these decide whether two entries are the same.
        folder: Where the files of a tokenizer or the like are.
        is_own_copy: Each who asks gets a copy: it changes while it is used (schedulers ...).
        details: What the loader tells itself, plain values.
    """

    loader: str
    part: str
    library: str
    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, TensorPlace] = field(default_factory=dict)
    strip: str = ""
    conversion: str = ""
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    is_own_copy: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stored(self) -> Precision:
        """The precision that most of its numbers are stored in; float32 where it has none."""
        counts: dict[str, int] = {}
        for place in self.tensors.values():
            if place.dtype in FLOATS:
                counts[place.dtype] = counts.get(place.dtype, 0) + place.count
        most = max(counts, key=lambda dtype: counts[dtype], default="F32")
        return _STORED.get(most, Precision.FLOAT32)

    @property
    def bytes(self) -> int:
        """Bytes that are read."""
        return sum(place.bytes for place in self.tensors.values())

    def bytes_in(self, precision: Precision) -> int:
        """Return the bytes that the part will take in a precision."""
        return sum(place.bytes_in(precision) for place in self.tensors.values())

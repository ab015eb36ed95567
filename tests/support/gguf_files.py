"""GGUF files: ordinary ones of given shapes, and malformed ones with the reason to be given."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.identification.readers.dtypes import GGUF_TYPES

#: Name, type and shape in torch's order of each tensor.
Typed = Mapping[str, tuple[str, tuple[int, ...]]]
NUMBERS = {block.name: number for number, block in GGUF_TYPES.items()}
BLOCKS = {block.name: block for block in GGUF_TYPES.values()}
_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
U8, U32, I32, F32, BOOL, TEXT, LIST, U64 = 0, 4, 5, 6, 7, 8, 9, 10


@dataclass(frozen=True)
class Value:
    """A value of a key under the number of its type; of a list also that of its values."""

    kind: int
    value: Any
    of: int = 0


def text(value: str | bytes, word: str = "Q") -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(f"<{word}", len(raw)) + raw


def packed_value(value: Value, word: str = "Q") -> bytes:
    if value.kind == TEXT:
        return text(value.value, word)
    if value.kind == LIST:
        if value.of in _FORMS:
            values = struct.pack(f"<{len(value.value)}{_FORMS[value.of]}", *value.value)
            return struct.pack(f"<I{word}", value.of, len(value.value)) + values
        values = b"".join(packed_value(_as_value(each, value.of), word) for each in value.value)
        return struct.pack(f"<I{word}", value.of, len(value.value)) + values
    return struct.pack("<" + _FORMS[value.kind], value.value)


def key(name: str, value: Any, word: str = "Q") -> bytes:
    """Write a key; plain values of Python get the type that programs write for them."""
    found = _as_value(value)
    return text(name, word) + struct.pack("<I", found.kind) + packed_value(found, word)


def _as_value(value: Any, kind: int | None = None) -> Value:
    if isinstance(value, Value):
        return value
    if kind is not None:
        return Value(kind, value)
    if isinstance(value, bool):
        return Value(BOOL, value)
    if isinstance(value, list):
        return Value(LIST, value, I32)
    return Value({int: U32, float: F32}.get(type(value), TEXT), value)


def entry(
    name: str, dtype: str | int, shape: tuple[int, ...], begin: int, word: str = "Q"
) -> bytes:
    """Write what stands in the header about one tensor; ``shape`` is in torch's order."""
    number = dtype if isinstance(dtype, int) else NUMBERS[dtype]
    return (
        text(name, word)
        + struct.pack("<I", len(shape))
        + struct.pack(f"<{len(shape)}{word}IQ", *reversed(shape), number, begin)
    )


def head(tensors: int, keys: int, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ" if version != 1 else "<III", version, tensors, keys)


def sized(tensors: Typed, alignment: int = 32) -> dict[str, tuple[int, int]]:
    """Return where each tensor begins in the data, and its bytes."""
    places, begin = {}, 0
    for name, (dtype, shape) in tensors.items():
        block = BLOCKS[dtype]
        size = math.prod(shape) // block.elements * block.size
        places[name] = begin, size
        begin += size + -size % alignment
    return places


def header(tensors: Typed, keys: Mapping[str, Any] | None = None, version: int = 3) -> bytes:
    """Write the header of a file, up to where its data begin."""
    keys = {"general.architecture": "flux"} if keys is None else keys
    word = "I" if version == 1 else "Q"
    alignment = keys.get("general.alignment", 32)
    places = sized(tensors, alignment)
    written = head(len(tensors), len(keys), version)
    written += b"".join(key(name, value, word) for name, value in keys.items())
    for name, (dtype, shape) in tensors.items():
        written += entry(name, dtype, shape, places[name][0], word)
    return written + bytes(-len(written) % alignment)


def gguf(tensors: Typed, keys: Mapping[str, Any] | None = None, version: int = 3) -> bytes:
    """Return a small file with all its data, which are zeros."""
    written = header(tensors, keys, version)
    data = max((begin + size for begin, size in sized(tensors).values()), default=0)
    return written + bytes(data)


def write_gguf(path: Path, tensors: Typed, keys: Mapping[str, Any] | None = None) -> Path:
    """Write a header and seek past the data: gigabytes to a reader, kilobytes on disk."""
    written = header(tensors, keys)
    data = max((begin + size for begin, size in sized(tensors).values()), default=0)
    with path.open("wb") as file:
        file.write(written)
        file.truncate(len(written) + data)
    return path


def blocks(shapes: Mapping[str, tuple[int, ...]], dtype: str) -> Typed:
    """Give matrices a type of blocks where their rows have whole ones, F32 to all others."""
    elements = BLOCKS[dtype].elements
    return {
        name: (dtype if len(shape) > 1 and shape[-1] % elements == 0 else "F32", shape)
        for name, shape in shapes.items()
    }


def _one(written: bytes, *, tensors: int = 0, keys: int = 0, version: int = 3) -> bytes:
    return head(tensors, keys, version) + written + bytes(64)


def _tensor(
    name: str = "a", dtype: str | int = "F32", shape: tuple[int, ...] = (1,), at: int = 0
) -> bytes:
    return _one(entry(name, dtype, shape, at), tensors=1)


def _nested(depth: int) -> bytes:
    return struct.pack("<IQ", LIST, 1) * (depth - 1) + struct.pack("<IQB", U8, 1, 7)


def _list(of: int, count: int, rest: bytes = b"") -> bytes:
    return _one(text("k") + struct.pack("<IIQ", LIST, of, count) + rest, keys=1)


#: What is wrong -> the file, and words of the reason.
MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing but the magic word": (b"GGUF", "ends inside of its header"),
    "cut in the counts": (b"GGUF\x03\0\0\0" + bytes(9), "ends inside of its header"),
    "2**40 tensors": (_one(b"", tensors=2**40), "claims 1,099,511,627,776 tensors"),
    "2**64 - 1 tensors": (_one(b"", tensors=2**64 - 1), "claims a number of over 63 bits tensors"),
    "2**40 keys": (_one(b"", keys=2**40), "claims 1,099,511,627,776 keys"),
    "one tensor too many": (_one(b"", tensors=7), "more than it has room for"),
    "200,001 tensors": (head(200_001, 0) + bytes(13 * 200_001), "over the limit of 200,000"),
    "200,001 keys": (head(0, 200_001) + bytes(13 * 200_001), "over the limit of 200,000"),
    "key of 2**40 bytes": (_one(struct.pack("<Q", 2**40), keys=1), "a key of 1,099,511,627,776"),
    "key of 5,000 bytes": (_one(key("k" * 5000, 1), keys=1), "over the limit of 4,096"),
    "key that is not UTF-8": (_one(text(b"\xff") + bytes(9), keys=1), "a key is not UTF-8"),
    "key of the type 13": (_one(text("k") + struct.pack("<I", 13), keys=1), "unknown type 13"),
    "key of the type 255": (_one(text("k") + struct.pack("<I", 255), keys=1), "unknown type 255"),
    "the same key twice": (_one(key("k", 1) * 2, keys=2), "the key 'k' stands twice"),
    "text beyond the end": (
        _one(text("k") + struct.pack("<IQ", TEXT, 1000), keys=1),
        "which needs 1,000 more",
    ),
    "text of 2**64 - 1 bytes": (
        _one(text("k") + struct.pack("<IQ", TEXT, 2**64 - 1), keys=1),
        "ends inside of its header",
    ),
    "value beyond the end": (
        head(0, 1) + text("k") + struct.pack("<IB", U64, 0),
        "which needs 8 more",
    ),
    "list of 2**40 bytes": (_list(U8, 2**40), "1,099,511,627,776 bytes goes beyond"),
    "list of 2**62 numbers": (_list(U64, 2**62), "over 63 bits bytes goes beyond"),
    "list of 2**40 texts": (_list(TEXT, 2**40), "claims 1,099,511,627,776 values"),
    "list of a text of 2**40 bytes": (
        _list(TEXT, 1, struct.pack("<Q", 2**40)),
        "a text of 1,099,511,627,776 bytes",
    ),
    "list of texts that goes beyond": (
        _list(TEXT, 3, text("a") + text("b" * 60) + b"\x40\0\0\0\0\0\0"),
        "beyond its end",
    ),
    "list of 2**40 lists": (_list(LIST, 2**40), "claims 1,099,511,627,776 values"),
    "list of 2,000,001 texts": (
        _list(TEXT, 2_000_001, bytes(8 * 2_000_001)),
        "over the limit of 2,000,000",
    ),
    "list of the type 77": (_list(77, 1), "a list has values of the unknown type 77"),
    "lists five deep": (
        _one(text("k") + struct.pack("<I", LIST) + _nested(5), keys=1),
        "nested deeper than the limit of 4",
    ),
    "lists a thousand deep": (
        _one(text("k") + struct.pack("<I", LIST) + _nested(1000), keys=1),
        "nested deeper than the limit of 4",
    ),
    "alignment 0": (_one(key("general.alignment", 0), keys=1), "alignment is '0'"),
    "alignment 48": (_one(key("general.alignment", 48), keys=1), "no power of two"),
    "alignment that is text": (_one(key("general.alignment", "32"), keys=1), "no power of two"),
    "alignment of 64 bits": (
        _one(key("general.alignment", Value(U64, 32)), keys=1),
        "no power of two",
    ),
    "alignment beyond the file": (
        head(1, 1) + key("general.alignment", 2**31) + entry("a", "F32", (1,), 0) + bytes(64),
        "it is truncated or wrong",
    ),
    "the same tensor twice": (
        _one(entry("a", "F32", (1,), 0) + entry("a", "F32", (1,), 32), tensors=2),
        "the tensor 'a' stands twice",
    ),
    "tensor of the type 255": (_tensor(dtype=255), "elements of the unknown type 255"),
    "tensor of a removed type": (_tensor(dtype=4), "elements of the unknown type 4"),
    "tensor of 2**32 - 1 dimensions": (
        _one(text("a") + struct.pack("<I", 2**32 - 1) + bytes(16), tensors=1),
        "4,294,967,295 dimensions",
    ),
    "65 dimensions": (_tensor(shape=(1,) * 65), "65 dimensions, over the limit of 64"),
    "dimension of 64 bits": (_tensor(shape=(2**63,)), "a dimension of over 63 bits"),
    "product over 64 bits": (_tensor(shape=(2**40, 2**40)), "it is truncated or wrong"),
    "product that overflows to 4": (_tensor(shape=(2**62, 4)), "it is truncated or wrong"),
    "rows of broken blocks": (_tensor(dtype="Q4_K", shape=(2, 255)), "blocks of 256"),
    "no dimension, but blocks": (_tensor(dtype="Q8_0", shape=()), "blocks of 32"),
    "tensor beyond the end": (_tensor(shape=(1000,)), "it is truncated or wrong"),
    "tensor behind the end": (_tensor(at=4096), "it is truncated or wrong"),
    "place of 64 bits": (_tensor(at=2**64 - 32), "it is truncated or wrong"),
    "place that is not aligned": (_tensor(at=4), "begins at 4, which is not aligned"),
    "overlapping tensors": (
        _one(entry("a", "F32", (9,), 0) + entry("b", "F32", (1,), 32), tensors=2),
        "'b' overlaps 'a'",
    ),
    "tensors in one place": (
        _one(entry("a", "F32", (1,), 0) + entry("b", "F32", (1,), 0), tensors=2),
        "'b' overlaps 'a'",
    ),
    "name of 5,000 bytes": (_tensor("n" * 5000), "over the limit of 4,096"),
    "name that is not UTF-8": (
        _one(text(b"\xc3") + bytes(20), tensors=1),
        "a tensor's name is not UTF-8",
    ),
    "original shape of other elements": (
        head(1, 1)
        + key("comfy.gguf.orig_shape.a", [3, 5])
        + entry("a", "F32", (4,), 0)
        + bytes(64),
        "has 4 elements, and 15 in its original shape",
    ),
    "original shape below zero": (
        _one(key("comfy.gguf.orig_shape.a", [-1, -4]), keys=1),
        "a negative dimension",
    ),
    "original shape that is a list of texts": (
        _one(key("comfy.gguf.orig_shape.a", Value(LIST, ["1"], TEXT)), keys=1),
        "is no list of dimensions",
    ),
    "original shape of a thousand dimensions": (
        _one(key("comfy.gguf.orig_shape.a", [1] * 1000), keys=1),
        "is no list of dimensions",
    ),
}

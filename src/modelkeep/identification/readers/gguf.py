"""``read_gguf``: names, shapes and keys of a GGUF file, every claim checked.

The format is a magic word, the version, two counts, keys with values, one entry for each tensor,
and the data. What entries say about the data must be true of the file.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Final

from modelkeep.core import limits
from modelkeep.core.reading import ReadAt
from modelkeep.errors import CorruptModelError, UnknownModelError
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.readers.dtypes import (
    GGUF_TYPES,
    NUMBER_END,
    BlockType,
    element,
    number,
)
from modelkeep.identification.readers.flaw import Flaw
from modelkeep.identification.readers.gguf_cursor import GgufCursor
from modelkeep.identification.readers.gguf_keys import GgufKeys

MAGIC: Final = b"GGUF"
_VERSIONS: Final = range(1, 4)
#: A version as machines with the other order of bytes write it.
_SWAPPED: Final = 1 << 24
#: The smallest key beside its word of length: four bytes of type and one of value.
_KEY_BYTES: Final = 5
#: What one tensor weighs in memory beside its name and shape.
_TENSOR_MEMORY: Final = 250
_SAFETENSORS: Final = "Use a safetensors version of the model."


def read_gguf(file: ReadAt) -> TensorHeader:
    """Read and check the header of a GGUF file; not one byte of the data is read.

    Args:
        file: The file, or whatever gives its bytes.

    Returns:
        Every tensor in the order of the header with its shape in torch's order, and the keys that
        are no lists as metadata.

    Raises:
        CorruptModelError: the file is not valid, or over a limit; the message names the byte.
        UnknownModelError: it is of another version, or for machines with another order of bytes.
    """
    cursor = GgufCursor(file, len(MAGIC))
    try:
        version = cursor.u32()
        _check_version(file.name, version)
        if version == 1:
            cursor.use_short_words()
        return _read(file, cursor)
    except Flaw as flaw:
        raise CorruptModelError(
            f"{file.name} is not a valid GGUF file: {flaw.reason} at byte {flaw.at:,}",
            hint="Download the file again from its source. It is damaged or malformed.",
        ) from flaw


def _check_version(name: str, version: int) -> None:
    if version in _VERSIONS:
        return
    if version and version % _SWAPPED == 0:
        raise UnknownModelError(
            f"{name} is a GGUF file for big-endian machines, which is not supported",
            hint="Use the ordinary version of the model.",
        )
    raise UnknownModelError(
        f"{name} is a GGUF file of version {version:,}; those from 1 to {_VERSIONS[-1]} are known",
        hint=_SAFETENSORS,
    )


def _read(file: ReadAt, cursor: GgufCursor) -> TensorHeader:
    at = cursor.position
    tensors, keys = cursor.count(), cursor.count()
    most = file.size // (cursor.word.size + _KEY_BYTES)
    for claimed, what, limit in (
        (tensors, "tensors", limits.GGUF_TENSORS),
        (keys, "keys", limits.GGUF_KEYS),
    ):
        if claimed > most:
            raise Flaw(f"it claims {number(claimed)} {what}, more than it has room for,", at)
        if claimed > limit:
            raise Flaw(f"it claims {claimed:,} {what}, over the limit of {limit:,},", at)
    said = GgufKeys()
    said.read(cursor, keys)
    entries = _TensorEntries(cursor, said)
    entries.read(tensors)
    start = cursor.position + -cursor.position % said.alignment
    _check_places(entries.tensors, start, file.size)
    header = TensorHeader(
        name=file.name,
        container="gguf",
        size=file.size,
        tensors=entries.tensors,
        metadata=said.values,
        data_start=start,
    )
    return _numbered(header)


class _TensorEntries:
    """The entries of the tensors, read one after the other."""

    def __init__(self, cursor: GgufCursor, keys: GgufKeys) -> None:
        self.tensors: dict[str, TensorInfo] = {}
        self._cursor = cursor
        self._keys = keys
        self._memory = keys.memory
        self._forms: dict[int, struct.Struct] = {}
        #: Equal shapes are kept once.
        self._shapes: dict[tuple[int, ...], tuple[int, ...]] = {}

    def read(self, count: int) -> None:
        for _ in range(count):
            self._read_one()

    def _read_one(self) -> None:
        cursor = self._cursor
        at = cursor.position
        name = cursor.text(limits.GGUF_NAME_BYTES, "a tensor's name")
        if name in self.tensors:
            raise Flaw(f"the tensor {element(name)} stands twice", at)
        *dimensions, kind, begin = cursor.take(self._form(cursor.u32(), name, at))
        stored = tuple(dimensions[::-1])
        block = GGUF_TYPES.get(kind)
        if block is None:
            raise Flaw(f"{element(name)} has elements of the unknown type {kind:,}", at)
        size = _size(name, stored, block, at)
        if begin % self._keys.alignment:
            raise Flaw(f"{element(name)} begins at {number(begin)}, which is not aligned", at)
        shape = self._keys.restored(name, stored, at)
        shape = self._shapes.setdefault(shape, shape)
        self.tensors[name] = TensorInfo(block.name, shape, (begin, begin + size))
        self._memory += _TENSOR_MEMORY + name.__sizeof__() + shape.__sizeof__()
        if self._memory > limits.GGUF_MEMORY:
            raise Flaw(
                f"names and shapes need over {limits.GGUF_MEMORY:,} bytes of memory, the limit,", at
            )

    def _form(self, dimensions: int, name: str, at: int) -> struct.Struct:
        """Return how an entry with so many dimensions goes on."""
        form = self._forms.get(dimensions)
        if form is None:
            if dimensions > limits.TENSOR_DIMENSIONS:
                raise Flaw(
                    f"{element(name)} has {dimensions:,} dimensions, over the limit of"
                    f" {limits.TENSOR_DIMENSIONS}",
                    at,
                )
            word = self._cursor.word.format[-1:]
            form = self._forms[dimensions] = struct.Struct(f"<{dimensions}{word}IQ")
        return form


def _size(name: str, shape: tuple[int, ...], block: BlockType, at: int) -> int:
    """Return the bytes of a tensor, whose rows are whole blocks."""
    if max(shape, default=0) >= NUMBER_END:
        raise Flaw(f"{element(name)} has a dimension of over 63 bits", at)
    row = shape[-1] if shape else 1
    if row % block.elements:
        raise Flaw(
            f"{element(name)} has rows of {row:,}, which {block.name} with its blocks of"
            f" {block.elements} cannot have",
            at,
        )
    return prod(shape) // block.elements * block.size


def _check_places(tensors: dict[str, TensorInfo], start: int, size: int) -> None:
    """Check that every tensor lies in the file, and none in another."""
    covered = 0
    for info in tensors.values():
        begin, end = info.data_offsets
        if begin < covered or start + end > size:
            break
        covered = end
    else:
        return
    places = sorted((info.data_offsets, name) for name, info in tensors.items())
    for (begin, end), name in places:
        if start + end > size:
            raise Flaw(
                f"{element(name)} ends at byte {number(start + end)} and the file at {size:,}:"
                " it is truncated or wrong,",
                min(start + begin, size),
            )
    for ((_, end), first), ((begin, _), second) in pairwise(places):
        if begin < end:
            raise Flaw(f"{element(second)} overlaps {element(first)}", start + begin)


def _numbered(header: TensorHeader) -> TensorHeader:
    """Return the header with what it says about the parts of its model."""
    before, parts = (_small(header.metadata.get(f"split.{key}", "")) for key in ("no", "count"))
    if parts is None or parts <= 1:
        return header
    return replace(header, part=before + 1 if before is not None else 0, parts=parts)


def _small(text: str) -> int | None:
    """Return a number of parts; None of what cannot be one."""
    return int(text) if text.isdecimal() and len(text) <= len("65535") else None

"""The keys of a GGUF header: their values as text, and the original shapes of tensors."""

from __future__ import annotations

import struct
from math import prod
from typing import Final

from modelkeep.core import limits
from modelkeep.identification.readers.dtypes import element, number
from modelkeep.identification.readers.flaw import Flaw
from modelkeep.identification.readers.gguf_cursor import GgufCursor

_TEXT: Final = 8
_LIST: Final = 9
#: How values of a fixed size are written, by the numbers of their types.
_PLAIN: Final = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
#: Types of whole numbers, which dimensions may have.
_WHOLE: Final = frozenset({0, 1, 2, 3, 4, 5, 10, 11})
_U32: Final = 4
_ORIGINAL: Final = "comfy.gguf.orig_shape."
_ALIGNMENT: Final = "general.alignment"
_USUAL_ALIGNMENT: Final = 32
#: What one key weighs in memory beside its texts.
_KEY_MEMORY: Final = 250


class GgufKeys:
    """What the keys of a header say.

    Attributes:
        values: Numbers and texts as text; lists are left out.
        shapes: The shapes that tensors had before they were stored in another one.
        alignment: Tensors begin at multiples of it.
        memory: Bytes that all this takes.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.alignment = _USUAL_ALIGNMENT
        self.memory = 0
        self._seen: set[str] = set()
        self._listed = 0

    def read(self, cursor: GgufCursor, count: int) -> None:
        """Read ``count`` keys with their values.

        Raises:
            Flaw: one is malformed, stands twice or is over a limit.
        """
        for _ in range(count):
            at = cursor.position
            key = cursor.text(limits.GGUF_NAME_BYTES, "a key")
            if key in self._seen:
                raise Flaw(f"the key {element(key)} stands twice", at)
            self._seen.add(key)
            self._read_value(cursor, key, cursor.u32(), at)
            if self.memory > limits.GGUF_MEMORY:
                raise Flaw(
                    f"keys and texts need over {limits.GGUF_MEMORY:,} bytes of memory, the limit,",
                    at,
                )

    def _read_value(self, cursor: GgufCursor, key: str, kind: int, at: int) -> None:
        self.memory += _KEY_MEMORY + key.__sizeof__()
        if kind == _LIST:
            self._read_list(cursor, key, at)
            return
        if kind == _TEXT:
            value = cursor.cut_text(limits.GGUF_TEXT_BYTES)
        elif kind in _PLAIN:
            (found,) = cursor.take(_PLAIN[kind])
            value = str(found).lower() if isinstance(found, bool) else str(found)
        else:
            raise Flaw(f"the key {element(key)} has a value of the unknown type {kind:,}", at)
        if key == _ALIGNMENT:
            self._set_alignment(kind, value, at)
        self.memory += value.__sizeof__()
        self.values[key] = value

    def _set_alignment(self, kind: int, value: str, at: int) -> None:
        alignment = int(value) if kind == _U32 else 0
        if alignment.bit_count() != 1:
            raise Flaw(f"its alignment is {element(value)}, which is no power of two", at)
        self.alignment = alignment

    def _read_list(self, cursor: GgufCursor, key: str, at: int) -> None:
        kind, count = cursor.u32(), cursor.count()
        is_shape = key.startswith(_ORIGINAL)
        if is_shape and kind in _WHOLE and count <= limits.TENSOR_DIMENSIONS:
            shape = tuple(int(cursor.take(_PLAIN[kind])[0]) for _ in range(count))
            if min(shape, default=0) < 0:
                raise Flaw(f"the key {element(key)} has a negative dimension", at)
            self.shapes[key.removeprefix(_ORIGINAL)] = shape
            self.memory += _KEY_MEMORY
        elif is_shape:
            raise Flaw(f"the key {element(key)} is no list of dimensions", at)
        else:
            self._skip_list(cursor, kind, count, 1)

    def _skip_list(self, cursor: GgufCursor, kind: int, count: int, depth: int) -> None:
        """Pass over the rest of a list: by its size where values have a fixed one."""
        at = cursor.position
        if kind in _PLAIN:
            cursor.skip(count * _PLAIN[kind].size)
            return
        if kind not in {_TEXT, _LIST}:
            raise Flaw(f"a list has values of the unknown type {kind:,}", at)
        least = cursor.word.size if kind == _TEXT else cursor.word.size + _PLAIN[_U32].size
        if count > cursor.left // least:
            raise Flaw(f"a list claims {number(count)} values, more than the file can hold", at)
        self._listed += count
        if self._listed > limits.GGUF_LISTED:
            raise Flaw(f"its lists are over the limit of {limits.GGUF_LISTED:,} texts", at)
        if kind == _TEXT:
            cursor.skip_texts(count)
            return
        if depth == limits.GGUF_DEPTH:
            raise Flaw(f"its lists are nested deeper than the limit of {depth}", at)
        for _ in range(count):
            self._skip_list(cursor, cursor.u32(), cursor.count(), depth + 1)

    def restored(self, name: str, shape: tuple[int, ...], at: int) -> tuple[int, ...]:
        """Return the shape that a tensor had before it was stored in another one.

        Raises:
            Flaw: it has another number of elements.
        """
        original = self.shapes.get(name)
        if original is None:
            return shape
        if prod(original) != prod(shape):
            raise Flaw(
                f"{element(name)} has {number(prod(shape))} elements, and"
                f" {number(prod(original))} in its original shape",
                at,
            )
        return original

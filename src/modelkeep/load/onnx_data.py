"""Which files beside an ONNX model hold its weights, read from the model without any library.

The format is a message of protocol buffers, see https://onnx.ai/onnx/repo-docs/IR.html. Tensors of
the main graph, of the graphs inside nodes, and of functions may lie in other files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from modelkeep.core.names import safe_join, shown
from modelkeep.core.reading import LocalFile
from modelkeep.errors import CorruptModelError, IncompleteModelError, UnsafePathError

_AGAIN = "Download the model again from its source."
#: Messages that lead to tensors, by the one that they are in and their number there.
_INSIDE = MappingProxyType(
    {
        ("model", 7): "graph",
        ("model", 25): "function",
        ("graph", 1): "node",
        ("graph", 5): "tensor",
        ("graph", 15): "sparse",
        ("function", 7): "node",
        ("node", 5): "attribute",
        ("attribute", 5): "tensor",
        ("attribute", 6): "graph",
        ("attribute", 10): "tensor",
        ("attribute", 11): "graph",
        ("attribute", 22): "sparse",
        ("attribute", 23): "sparse",
        ("sparse", 1): "tensor",
        ("sparse", 2): "tensor",
        ("tensor", 13): "entry",
    }
)
_MOST_DEPTH = 32
_MOST_NAME = 4096
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_VARINT = 10
#: Bit of a byte that says that the number goes on.
_MORE = 0x80
_WINDOW = 1 << 16


class _WireField(NamedTuple):
    """A field of a message, and where its contents are in the file."""

    number: int
    start: int
    end: int


class _WireMessage:
    """The bytes of a file as protocol buffers, read a window at a time."""

    def __init__(self, file: LocalFile) -> None:
        self.file = file
        self._window = b""
        self._from = 0

    def fields(self, start: int, end: int) -> Iterator[_WireField]:
        """Return the fields of bytes that hold others; those of numbers are passed over.

        Raises:
            CorruptModelError: these bytes are no message.
        """
        at = start
        while at < end:
            tag, at = self._varint(at, end)
            kind = tag & 7
            if kind == _VARINT:
                _, at = self._varint(at, end)
                continue
            if kind in {_FIXED64, _FIXED32}:
                at += 8 if kind == _FIXED64 else 4
            elif kind == _BYTES:
                length, at = self._varint(at, end)
                if length <= end - at:
                    yield _WireField(tag >> 3, at, at + length)
                at += length
            else:
                raise self.broken(at)
            if at > end:
                raise self.broken(at)

    def text(self, field: _WireField) -> str:
        """Return a short text."""
        if field.end - field.start > _MOST_NAME:
            raise self.broken(field.start)
        return self.file.read_at(field.start, field.end - field.start).decode("utf-8", "replace")

    def broken(self, at: int) -> CorruptModelError:
        """Say where the file is not as it should be."""
        return CorruptModelError(
            f"{self.file.name} is no valid ONNX model: damaged at byte {at:,}", hint=_AGAIN
        )

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 7 * _MOST_VARINT:
            byte = self._byte(at)
            at += 1
            value |= (byte & ~_MORE) << shift
            if not byte & _MORE:
                return value, at
            shift += 7
        raise self.broken(at)

    def _byte(self, at: int) -> int:
        if not self._from <= at < self._from + len(self._window):
            self._window = self.file.read_at(at, min(_WINDOW, self.file.size - at))
            self._from = at
        return self._window[at - self._from]


def external_files(model: Path) -> tuple[Path, ...]:
    """Return the files beside an ONNX model that hold weights of it, in a stable order.

    Raises:
        CorruptModelError: it is no valid model, or names a file outside its folder.
        IncompleteModelError: a file that it names is missing.
    """
    with LocalFile(model) as file:
        message = _WireMessage(file)
        names = sorted(set(_locations(message, "model", 0, file.size, 0)))
    found = []
    for name in names:
        try:
            path = safe_join(model.parent, name)
        except UnsafePathError as error:
            raise CorruptModelError(
                f"{shown(model)} names the file {name!r}, outside its folder",
                hint="Do not use this model. Get it from a source that you trust.",
            ) from error
        if not path.is_file():
            raise IncompleteModelError(
                f"{shown(path)} is missing; {model.name} has weights there", hint=_AGAIN
            )
        found.append(path)
    return tuple(found)


def _locations(message: _WireMessage, kind: str, start: int, end: int, depth: int) -> Iterator[str]:
    """Return the files that the tensors of a message lie in."""
    if depth > _MOST_DEPTH:
        raise message.broken(start)
    for field in message.fields(start, end):
        inner = _INSIDE.get((kind, field.number))
        if inner == "entry":
            key, value = _entry(message, field)
            if key == "location":
                yield value
        elif inner:
            yield from _locations(message, inner, field.start, field.end, depth + 1)


def _entry(message: _WireMessage, field: _WireField) -> tuple[str, str]:
    texts = {f.number: message.text(f) for f in message.fields(field.start, field.end)}
    return texts.get(1, ""), texts.get(2, "")

"""``read_onnx``: inputs, outputs and initializers of an ONNX model, without its numbers.

The format is a message of protocol buffers, see https://onnx.ai/onnx/repo-docs/IR.html. Contents of
tensors and nodes are passed over by their length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from modelkeep.core import limits
from modelkeep.core.reading import ReadAt
from modelkeep.errors import CorruptModelError
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.readers.dtypes import NUMBER_END, element
from modelkeep.identification.readers.flaw import Flaw

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS: Final = {_FIXED64: 8, _FIXED32: 4}
#: What stands for the number of a field that is none.
_NO_NUMBER: Final = -1
#: Bytes of the longest number, and the bit of a byte that says that it goes on.
_LONGEST: Final = 10
_MORE: Final = 0x80
_WINDOW: Final = 64 * limits.KIB
#: Numbers of fields: the type of a value, and the shape of a type.
_TYPE, _SHAPE = 2, 2
#: Element types by their numbers in ONNX, in safetensors' words.
_TYPES: Final = {
    1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 8: "TEXT", 9: "BOOL",
    10: "F16", 11: "F64", 12: "U32", 13: "U64", 14: "C64", 15: "C128", 16: "BF16", 17: "F8_E4M3",
    18: "F8_E4M3FNUZ", 19: "F8_E5M2", 20: "F8_E5M2FNUZ", 21: "U4", 22: "I4", 23: "F4",
    24: "F8_E8M0",
}  # fmt: skip


class _OnnxField(NamedTuple):
    """A field of a message: a number, or where its bytes are in the file."""

    number: int
    value: int
    start: int
    end: int


class _Wire:
    """The bytes of a file as protocol buffers, read a window at a time."""

    def __init__(self, file: ReadAt) -> None:
        self._file = file
        self._window = b""
        self._from = 0
        self._fields = 0

    def parts(self, start: int, end: int) -> Iterator[_OnnxField]:
        """Yield the fields of the message at ``start``.

        Raises:
            Flaw: it is no message, or there are too many fields.
        """
        at = start
        while at < end:
            self._fields += 1
            if self._fields > limits.ONNX_FIELDS:
                raise Flaw(f"it is over the limit of {limits.ONNX_FIELDS:,} fields", at)
            begun = at
            tag, at = self._varint(at, end)
            kind, value = tag & 7, _NO_NUMBER
            if kind == _VARINT:
                value, at = self._varint(at, end)
                contents = at
            elif kind == _BYTES:
                length, contents = self._varint(at, end)
                at = contents + length
            elif kind in _WIDTHS:
                contents = at
                at += _WIDTHS[kind]
            else:
                raise Flaw(f"it has a field of the unknown kind {kind}", begun)
            if at > end:
                raise Flaw("a field goes beyond its end", begun)
            yield _OnnxField(tag >> 3, value, contents, at)

    def text(self, part: _OnnxField, longest: int) -> str:
        """Return the first ``longest`` bytes of a text."""
        raw = self._bytes(part.start, min(part.end, part.start + longest))
        return raw.decode("utf-8", "replace")

    def numbers(self, part: _OnnxField) -> Iterator[int]:
        """Yield the numbers of a field that has several, packed or one at a time."""
        if part.value != _NO_NUMBER:
            yield part.value
        at = part.start
        while at < part.end:
            value, at = self._varint(at, part.end)
            yield value

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        number = 0
        for place in range(_LONGEST):
            if at >= end:
                raise Flaw("the file ends inside of a number", at)
            offset = at - self._from
            if not 0 <= offset < len(self._window):
                self._from = at
                self._window = self._file.read_at(at, min(_WINDOW, self._file.size - at))
                offset = 0
            byte = self._window[offset]
            number |= (byte & ~_MORE) << (7 * place)
            at += 1
            if byte < _MORE:
                return number, at
        raise Flaw("a number is longer than ten bytes", at)

    def _bytes(self, start: int, end: int) -> bytes:
        offset = start - self._from
        if offset >= 0 and end - self._from <= len(self._window):
            return self._window[offset : end - self._from]
        return self._file.read_at(start, end - start)


@dataclass
class _Model:
    """What is kept of a model."""

    tensors: dict[str, TensorInfo] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    #: Bytes of memory that names and texts take.
    memory: int = 0


def read_onnx(file: ReadAt) -> TensorHeader:
    """Read what an ONNX model says about itself; contents of tensors are passed over.

    Returns:
        The initializers of the main graph as tensors. Metadata has ``inputs`` and ``outputs`` of
        the graph with their shapes, ``producer_name`` and what the model adds in its own words.

    Raises:
        CorruptModelError: it is not valid, or over a limit.
    """
    wire, model = _Wire(file), _Model()
    try:
        _read_model(wire, model, file.size)
    except Flaw as flaw:
        raise CorruptModelError(
            f"{file.name} is not a valid ONNX model: {flaw.reason} at byte {flaw.at:,}",
            hint="Download the file again from its source. It is damaged or malformed.",
        ) from flaw
    said = {"inputs": ", ".join(model.inputs), "outputs": ", ".join(model.outputs)}
    return TensorHeader(
        name=file.name,
        container="onnx",
        size=file.size,
        tensors=model.tensors,
        metadata={**model.metadata, **said},
    )


def _read_model(wire: _Wire, model: _Model, size: int) -> None:
    graphs = 0
    for part in wire.parts(0, size):
        match part.number:
            case 2:
                model.metadata["producer_name"] = wire.text(part, limits.ONNX_TEXT_BYTES)
            case 7:
                graphs += 1
                _read_graph(wire, model, part)
            case 14:
                _read_property(wire, model, part)
    if graphs != 1:
        raise Flaw(f"it has {graphs} graphs", 0)


def _read_property(wire: _Wire, model: _Model, message: _OnnxField) -> None:
    said = {1: "", 2: ""}
    for part in wire.parts(message.start, message.end):
        if part.number in said:
            said[part.number] = wire.text(part, limits.ONNX_TEXT_BYTES)
    model.metadata[said[1]] = said[2]
    _weigh(model, said[1].__sizeof__() + said[2].__sizeof__(), message)


def _read_graph(wire: _Wire, model: _Model, message: _OnnxField) -> None:
    for part in wire.parts(message.start, message.end):
        match part.number:
            case 5:
                _read_tensor(wire, model, part)
            case 11:
                model.inputs.append(_value(wire, model, part))
            case 12:
                model.outputs.append(_value(wire, model, part))
    # Older models list their initializers among the inputs.
    kept = (said for said in model.inputs if said.partition(" ")[0] not in model.tensors)
    model.inputs = list(kept)


def _read_tensor(wire: _Wire, model: _Model, message: _OnnxField) -> None:
    name, kind = "", 0
    shape: list[int] = []
    for part in wire.parts(message.start, message.end):
        match part.number:
            case 1:
                for length in wire.numbers(part):
                    shape.append(length)
                    if len(shape) > limits.TENSOR_DIMENSIONS or length >= NUMBER_END:
                        raise Flaw("a tensor has too many or too long dimensions", message.start)
            case 2:
                kind = part.value
            case 8:
                name = wire.text(part, limits.ONNX_NAME_BYTES)
    if name in model.tensors:
        raise Flaw(f"the tensor {element(name)} stands twice", message.start)
    model.tensors[name] = TensorInfo(_TYPES.get(kind, "OTHER"), tuple(shape))
    _weigh(model, name.__sizeof__() + 40 * len(shape), message)


def _value(wire: _Wire, model: _Model, message: _OnnxField) -> str:
    """Return an input or output as ``name [1, 4, height, width]``."""
    name = ""
    lengths: list[str] = []
    for part in wire.parts(message.start, message.end):
        if part.number == 1:
            name = wire.text(part, limits.ONNX_NAME_BYTES)
        elif part.number == _TYPE:
            lengths = _lengths(wire, part)
    _weigh(model, 2 * (name.__sizeof__() + sum(map(len, lengths))), message)
    return f"{name} [{', '.join(lengths)}]"


def _lengths(wire: _Wire, kind: _OnnxField) -> list[str]:
    """Return the dimensions of a type: it has a tensor, that a shape, that dimensions."""
    found: list[str] = []
    for tensor in (p for p in wire.parts(kind.start, kind.end) if p.number == 1):
        for shape in (p for p in wire.parts(tensor.start, tensor.end) if p.number == _SHAPE):
            for dimension in wire.parts(shape.start, shape.end):
                said = list(wire.parts(dimension.start, dimension.end))[:1]
                found += [
                    wire.text(p, 40) if p.value == _NO_NUMBER else str(p.value) for p in said
                ] or ["?"]
                if len(found) > limits.TENSOR_DIMENSIONS:
                    raise Flaw("something has too many dimensions", kind.start)
    return found


def _weigh(model: _Model, memory: int, message: _OnnxField) -> None:
    model.memory += memory + 250
    if model.memory > limits.ONNX_MEMORY:
        raise Flaw(
            f"names and texts need over {limits.ONNX_MEMORY:,} bytes of memory, the limit,",
            message.start,
        )

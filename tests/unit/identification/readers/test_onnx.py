from __future__ import annotations

import pytest

from modelkeep.errors import CorruptModelError, InvalidModelException
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.onnx import read_onnx
from support.in_memory import InMemory
from support.onnx_models import field, onnx_model, varint


def read(content: bytes) -> TensorHeader:
    return read_onnx(InMemory(content, "model.onnx"))


def model(graph: bytes, rest: bytes = b"") -> bytes:
    return field(1, 8) + field(2, "pytorch") + field(7, graph) + rest


def value(name: str, *lengths: int | str) -> bytes:
    dimensions = b"".join(
        field(1, field(1, each) if isinstance(each, int) else field(2, each)) for each in lengths
    )
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))


def test_inputs_outputs_and_initializers_are_read() -> None:
    found = read(onnx_model([1.0, 2.0, 3.0]))
    assert found.container == "onnx"
    assert found.tensors == {"w": TensorInfo("F32", (3,))}
    assert found.metadata == {"inputs": "x [3]", "outputs": "y [3]"}


def test_what_a_model_says_of_itself_is_kept() -> None:
    packed = field(1, varint(4) + varint(320)) + field(2, 10) + field(8, "conv.weight")
    graph = field(5, packed)
    graph += field(11, value("sample", 1, 4, "height", "width")) + field(11, value("conv.weight"))
    graph += field(12, value("out", 1))
    said = field(14, field(1, "license") + field(2, "MIT"))
    found = read_header(InMemory(model(graph, said), "a.bin"))
    assert found.metadata == {
        "producer_name": "pytorch",
        "license": "MIT",
        "inputs": "sample [1, 4, height, width]",
        "outputs": "out [1]",
    }
    assert found.tensors == {"conv.weight": TensorInfo("F16", (4, 320))}


def test_weights_are_passed_over() -> None:
    raw = bytes(3 << 20)
    tensors = b"".join(
        field(5, field(1, 5) + field(2, 1) + field(8, f"w{i}") + field(9, raw)) for i in range(3)
    )
    file = InMemory(model(tensors))
    assert len(read_onnx(file).tensors) == 3
    assert sum(count for _, count in file.reads) < 2**19


MALFORMED = {
    "no graph": (field(1, 8) + field(2, "pytorch"), "has 0 graphs"),
    "two graphs": (model(b"") + field(7, b""), "has 2 graphs"),
    "field beyond the end": (field(1, 8) + b"\x3a\xff\x01" + b"x", "goes beyond its end"),
    "length of 64 bits": (field(1, 8) + b"\x3a" + varint(2**64 - 1) + b"x", "goes beyond its end"),
    "number without end": (field(1, 8) + b"\x3a" + b"\xff" * 12, "longer than ten bytes"),
    "number cut": (field(1, 8) + b"\x3a\xff", "ends inside of a number"),
    "group": (field(1, 8) + b"\x3b", "unknown kind 3"),
    "the same tensor twice": (model(field(5, field(8, "a")) * 2), "'a' stands twice"),
    "65 dimensions": (model(field(5, field(1, b"\x01" * 65))), "too many or too long dimensions"),
    "dimension of 64 bits": (model(field(5, field(1, 2**63))), "too many or too long dimensions"),
    "input of 65 dimensions": (model(field(11, value("x", *[1] * 65))), "too many dimensions"),
    "300,001 fields": (field(1, 8) * 300_001 + model(b""), "over the limit of 300,000 fields"),
}


@pytest.mark.parametrize("label", MALFORMED)
def test_malformed_model_is_refused_with_the_reason(label: str) -> None:
    content, words = MALFORMED[label]
    with pytest.raises(CorruptModelError, match=words) as caught:
        read(content)
    assert "model.onnx is not a valid ONNX model: " in str(caught.value)
    assert caught.value.hint


def test_every_cut_is_an_answer_or_an_error_of_ours() -> None:
    content = onnx_model([1.0])
    refused = 0
    for length in range(len(content)):
        try:
            assert read(content[:length]).container == "onnx"
        except InvalidModelException:
            refused += 1
    assert 0 < refused <= len(content)

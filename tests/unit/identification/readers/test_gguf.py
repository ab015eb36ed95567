from __future__ import annotations

import struct

import pytest

from modelkeep.errors import CorruptModelError, InvalidModelException, UnknownModelError
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.dtypes import DTYPE_BITS, GGUF_TYPES
from modelkeep.identification.readers.gguf import read_gguf
from support.gguf_files import (
    BOOL,
    I32,
    LIST,
    MALFORMED,
    TEXT,
    U8,
    U64,
    Value,
    gguf,
    head,
    header,
)
from support.in_memory import InMemory


def read(content: bytes, name: str = "model.gguf") -> TensorHeader:
    return read_gguf(InMemory(content, name))


TENSORS = {
    "img_in.weight": ("BF16", (64, 16)),
    "blk.0.attn_q.weight": ("Q4_K", (8, 512)),
    "blk.0.attn_q.bias": ("F32", (8,)),
    "conv.weight": ("F16", (4, 3, 3, 3)),
    "scale": ("F64", ()),
}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_names_types_shapes_and_places_are_read(version: int) -> None:
    found = read(gguf(TENSORS, {"general.architecture": "flux"}, version))
    assert found.container == "gguf"
    assert {n: (i.dtype, i.shape) for n, i in found.tensors.items()} == TENSORS
    assert found.metadata == {"general.architecture": "flux"}
    assert found.data_start % 32 == 0
    assert found.tensors["blk.0.attn_q.weight"].data_offsets == (2048, 2048 + 16 * 144)
    assert found.data_start + found.tensors["scale"].data_offsets[1] == found.size


def test_content_decides_and_the_suffix_never() -> None:
    for name in ("model.safetensors", "model.ckpt", "model"):
        assert read_header(InMemory(gguf(TENSORS), name)).container == "gguf"


def test_a_file_without_tensors_or_keys_is_read() -> None:
    assert read(head(0, 0)).tensors == {}
    assert read(gguf({}, {"split.count": 3})).parts == 3


def test_every_type_of_tensor_is_known_by_its_size() -> None:
    tensors = {b.name: (b.name, (2, b.elements * 3)) for b in GGUF_TYPES.values()}
    found = read(gguf(tensors)).tensors
    for block in GGUF_TYPES.values():
        begin, end = found[block.name].data_offsets
        assert end - begin == 6 * block.size
        if block.elements == 1:
            assert DTYPE_BITS[block.name] == 8 * block.size


def test_types_are_those_of_the_gguf_package() -> None:
    constants = pytest.importorskip("gguf.constants", reason="the gguf package is not installed")
    sizes = constants.GGML_QUANT_SIZES
    theirs = {int(kind): (kind.name, *sizes[kind]) for kind in sizes}
    assert {n: theirs[n] for n in GGUF_TYPES if n in theirs} == {
        n: tuple(block) for n, block in GGUF_TYPES.items() if n in theirs
    }
    assert theirs.keys() - GGUF_TYPES.keys() == set()


def test_every_type_of_value_is_kept_as_text_and_lists_are_not() -> None:
    numbers = {0: 200, 1: -5, 2: 65535, 3: -300, 4: 7, 5: -7, 10: 2**64 - 1, 11: -(2**63)}
    keys = {f"k{kind}": Value(kind, number) for kind, number in numbers.items()}
    keys |= {"yes": Value(BOOL, value=True), "float": Value(6, 0.5), "double": Value(12, 1e300)}
    keys |= {"text": Value(TEXT, "größe"), "empty": Value(TEXT, "")}
    keys |= {f"list{kind}": Value(LIST, [1, 0, 1], kind) for kind in (*numbers, 6, 7, 12)}
    keys |= {
        "tokens": Value(LIST, ["a", "b" * 300, ""], TEXT),
        "lists": Value(LIST, [Value(LIST, [Value(LIST, ["x"], TEXT)], LIST)], LIST),
    }
    found = read(gguf(TENSORS, keys))
    assert found.metadata == {
        **{f"k{kind}": str(number) for kind, number in numbers.items()},
        "yes": "true",
        "float": "0.5",
        "double": "1e+300",
        "text": "größe",
        "empty": "",
    }
    assert found.tensors.keys() == TENSORS.keys()


def test_original_shapes_are_restored() -> None:
    found = read(
        gguf(
            {"conv.weight": ("Q8_0", (45, 64)), "other": ("F32", (6, 2))},
            {
                "comfy.gguf.orig_shape.conv.weight": [320, 1, 3, 3],
                "comfy.gguf.orig_shape.other": Value(LIST, [12], U64),
                "comfy.gguf.orig_shape.missing": [1],
            },
        )
    )
    assert found.tensors["conv.weight"].shape == (320, 1, 3, 3)
    assert found.tensors["other"].shape == (12,)
    assert found.metadata == {}


def test_alignment_is_heeded() -> None:
    tensors = {"a": ("F32", (1,)), "b": ("F32", (1,))}
    for alignment in (1, 8, 4096):
        content = header(tensors, {"general.alignment": alignment})
        begin = 4 + -4 % alignment
        found = read(content + bytes(begin + 4))
        assert found.tensors["b"] == TensorInfo("F32", (1,), (begin, begin + 4))
        assert found.data_start == len(content)


@pytest.mark.parametrize(
    ("keys", "part", "parts"),
    [
        ({"split.no": 0, "split.count": 3}, 1, 3),
        ({"split.no": Value(2, 2), "split.count": Value(2, 3)}, 3, 3),
        ({"split.count": 2}, 0, 2),
        ({"split.no": 0, "split.count": 1}, 0, 1),
        ({"split.no": "x", "split.count": "9" * 6000}, 0, 1),
        ({}, 0, 1),
    ],
)
def test_parts_of_a_model_are_counted(keys: dict[str, object], part: int, parts: int) -> None:
    found = read(gguf(TENSORS, keys))
    assert (found.part, found.parts) == (part, parts)


def test_long_texts_are_cut_and_what_follows_is_read() -> None:
    keys = {"license": "x" * 200_000, "broken": Value(TEXT, b"a\xff"), "name": "it"}
    found = read(gguf(TENSORS, keys))
    assert len(found.metadata["license"]) == 65536
    assert (found.metadata["broken"], found.metadata["name"]) == ("a\ufffd", "it")
    assert found.tensors.keys() == TENSORS.keys()


def test_a_large_tokenizer_is_passed_over_without_reading_the_data() -> None:
    tokens = [f"token {i}" for i in range(60_000)]
    keys = {
        "tokenizer.tokens": Value(LIST, tokens, TEXT),
        "tokenizer.scores": Value(LIST, [0] * 60_000, I32),
        "tokenizer.kinds": Value(LIST, [1] * 6_000_000, U8),
        "after": "here",
    }
    tensors = {"a": ("Q8_0", (1024, 4096))}
    file = InMemory(gguf(tensors, keys))
    found = read_gguf(file)
    assert (found.metadata["after"], found.tensors["a"].shape) == ("here", (1024, 4096))
    assert len(file.reads) < 12
    assert sum(count for _, count in file.reads) < file.size / 2


@pytest.mark.parametrize("label", MALFORMED)
def test_malformed_file_is_refused_with_the_reason(label: str) -> None:
    content, words = MALFORMED[label]
    with pytest.raises(CorruptModelError) as caught:
        read(content)
    assert "model.gguf is not a valid GGUF file: " in str(caught.value)
    assert words in str(caught.value)
    assert " at byte " in str(caught.value)
    assert caught.value.hint


def test_malformed_files_are_many() -> None:
    assert len(MALFORMED) >= 50


@pytest.mark.parametrize("label", MALFORMED)
def test_refusing_reads_little(label: str) -> None:
    file = InMemory(MALFORMED[label][0])
    with pytest.raises(CorruptModelError):
        read_gguf(file)
    assert len(file.reads) <= 2


def test_every_cut_of_a_file_is_refused() -> None:
    content = gguf(TENSORS, {"general.architecture": "flux", "k": [1, 2]})
    for length in range(4, len(content)):
        with pytest.raises(CorruptModelError):
            read(content[:length])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "for big-endian machines"),
        (b"GGUF" + struct.pack("<IQQ", 4, 0, 0), "of version 4; those from 1 to 3 are known"),
        (b"GGUF" + struct.pack("<IQQ", 0, 0, 0), "of version 0"),
        (b"GGUF" + b"\xff" * 20, "of version 4,294,967,295"),
    ],
)
def test_another_version_is_named(content: bytes, words: str) -> None:
    with pytest.raises(UnknownModelError, match=words) as caught:
        read(content)
    assert caught.value.hint


def test_names_of_any_bytes_in_messages_can_be_printed() -> None:
    content, _ = MALFORMED["tensor beyond the end"]
    for name in ("\u202e", "\n", "x" * 4000):
        with pytest.raises(InvalidModelException) as caught:
            read(content.replace(struct.pack("<Q", 1) + b"a", _text(name)))
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500


def _text(name: str) -> bytes:
    raw = name.encode()
    return struct.pack("<Q", len(raw)) + raw

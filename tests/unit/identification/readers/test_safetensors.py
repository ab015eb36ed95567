from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core.reading import LocalFile
from modelkeep.errors import CorruptModelError
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.readers.dtypes import DTYPE_BITS
from modelkeep.identification.readers.safetensors import read_safetensors
from support.hostile_safetensors import (
    MALFORMED,
    WIDE,
    A,
    compact,
    entry,
    packed,
    tiled,
    write_sparse,
)
from support.in_memory import InMemory
from support.rounds import rounds

HUGE = 12_000
#: Bytes of data of the file that is mutated.
DATA = 40


def read(content: bytes) -> TensorHeader:
    return read_safetensors(InMemory(content, "x.safetensors"))


def shapes(header: TensorHeader) -> dict[str, tuple[int, ...]]:
    return {name: info.shape for name, info in header.tensors.items()}


@pytest.mark.parametrize("label", MALFORMED)
def test_malformed_file_is_refused_with_its_reason_and_place(label: str) -> None:
    content, words = MALFORMED[label]
    with pytest.raises(CorruptModelError) as caught:
        read(content)
    message = str(caught.value)
    assert message.startswith("x.safetensors is not a valid safetensors file: ")
    assert words in message
    assert " at byte " in message
    assert caught.value.hint


def test_place_of_a_flaw_is_the_byte_of_the_file() -> None:
    content = packed(
        b"{" + A.encode() + b',"bad":{"dtype":"X","shape":[],"data_offsets":[4,4]}}', bytes(4)
    )
    place = content.index(b'"bad"')
    with pytest.raises(CorruptModelError, match=rf"at byte {place:,}$"):
        read(content)


def test_names_shapes_types_places_and_metadata_are_kept_in_order() -> None:
    header = {
        "__metadata__": {"format": "pt", "note": 'a "quoted" }," text é'},
        "b": entry("BF16", [2, 3], 0, 12),
        "a": entry("I64", [], 12, 20),
    }
    found = read(packed(compact(header), bytes(20)))
    assert list(found.tensors) == ["b", "a"]
    assert found.tensors["b"] == TensorInfo("BF16", (2, 3), (0, 12))
    assert found.tensors["a"] == TensorInfo("I64", (), (12, 20))
    assert found.metadata == header["__metadata__"]
    assert (found.name, found.container, found.size) == (
        "x.safetensors",
        "safetensors",
        8 + len(compact(header)) + 20,
    )


@pytest.mark.parametrize("dtype", DTYPE_BITS)
def test_every_element_type_is_measured(dtype: str) -> None:
    size = 8 * DTYPE_BITS[dtype] // 8
    header = compact({"a": entry(dtype, [2, 4], 0, size)})
    assert read(packed(header, bytes(size))).tensors["a"].dtype == dtype
    with pytest.raises(CorruptModelError):
        read(packed(compact({"a": entry(dtype, [2, 4], 0, size + 1)}), bytes(size + 1)))


ORDINARY = {
    "nothing": ("{}", 0, []),
    "only metadata": ('{"__metadata__":{"a":"b"}}', 0, []),
    "empty metadata": ('{"__metadata__":{},' + A + "}", 4, ["a"]),
    "metadata null": ('{"__metadata__":null,' + A + "}", 4, ["a"]),
    "metadata null and nothing else": ('{"__metadata__": null }', 0, []),
    "metadata null, last": ("{" + A + ',"__metadata__":null}', 4, ["a"]),
    "metadata last": ("{" + A + ',"__metadata__":{"a":"b"}}', 4, ["a"]),
    "metadata between": (
        "{" + A + ',"__metadata__":{"x":"y"},"b":' + json.dumps(entry("U8", [1], 4, 5)) + "}",
        5,
        ["a", "b"],
    ),
    "padding": ("{" + A + "}" + " " * 7, 4, ["a"]),
    "blanks everywhere": (json.dumps({"a": entry("F32", [1], 0, 4)}, indent=2), 4, ["a"]),
    "fields in another order": (
        '{"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}',
        4,
        ["a"],
    ),
    "name with quotes": ('{"\\"a\\"":' + A[4:] + "}", 4, ['"a"']),
    "name with escapes": ('{"\\u00e9\\n":' + A[4:] + "}", 4, ["é\n"]),
    "surrogate pair": ('{"\\ud835\\udd4f":' + A[4:] + "}", 4, [WIDE]),
    "empty name": ('{"":' + A[4:] + "}", 4, [""]),
    "name like a field": ('{"dtype":' + A[4:] + "}", 4, ["dtype"]),
    "name like metadata in quotes": ('{"\\"__metadata__":' + A[4:] + "}", 4, ['"__metadata__']),
    "empty tensor first": (
        json.dumps({"e": entry("F32", [0], 0, 0), "a": entry("F32", [1], 0, 4)}),
        4,
        ["e", "a"],
    ),
    "empty tensor between, out of order": (
        json.dumps(
            {
                "b": entry("F32", [1], 4, 8),
                "e": entry("F32", [3, 0], 4, 4),
                "a": entry("F32", [1], 0, 4),
            }
        ),
        8,
        ["b", "e", "a"],
    ),
    "data out of order": (
        json.dumps({"b": entry("F32", [1], 4, 8), "a": entry("F32", [1], 0, 4)}),
        8,
        ["b", "a"],
    ),
}


@pytest.mark.parametrize("label", ORDINARY)
def test_ordinary_file_is_read(label: str) -> None:
    text, data, names = ORDINARY[label]
    found = read(packed(text.encode(), bytes(data)))
    assert list(found.tensors) == names


def test_only_length_and_header_are_read(tmp_path: Path) -> None:
    header, data = tiled({f"layer.{i}": (1000, 1000) for i in range(500)})
    path = write_sparse(tmp_path / "a.safetensors", header, data)
    with LocalFile(path) as file:
        found = read_safetensors(file)
        assert file.bytes_read == 8 + len(header)
    assert found.size == 8 + len(header) + 10**9


def _huge(names: dict[str, tuple[int, int]], metadata: dict[str, str] | None) -> bytes:
    header, data = tiled(names, metadata=metadata)
    assert len(header) > 2**20
    return packed(header, bytes(data))


HUGE_NAMES = {
    "plain": lambda i: f"model.diffusion_model.block.{i}.weight",
    "with quotes": lambda i: f'model."block".{i}.weight',
    "with the mark of a cut": lambda i: f"model.block]}},{i}]}}, weight",
    "wide": lambda i: f"{WIDE * 9}.{i}",
}


def test_a_huge_header_without_metadata_may_say_null() -> None:
    content = _huge({f"model.blocks.{number}.weight": (4, 4) for number in range(12_000)}, None)
    length = int.from_bytes(content[:8], "little")
    header = b'{"__metadata__":null,' + content[9 : 8 + length]
    told = len(header).to_bytes(8, "little") + header + content[8 + length :]

    found = read(told)

    assert (len(found.tensors), found.metadata) == (12_000, {})


@pytest.mark.parametrize("label", HUGE_NAMES)
@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"big": "x]}," * 500_000}])
@pytest.mark.slow
def test_huge_header_is_read_in_slices_as_if_at_once(
    label: str, metadata: dict[str, str] | None
) -> None:
    names = {HUGE_NAMES[label](i): (1, i % 9) for i in range(HUGE)}
    content = _huge(names, metadata)
    found = read(content)
    assert shapes(found) == names
    assert found.metadata == (metadata or {})
    document = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    document.pop("__metadata__", None)
    assert {n: list(i.data_offsets) for n, i in found.tensors.items()} == {
        n: e["data_offsets"] for n, e in document.items()
    }


@pytest.mark.parametrize("indent", [None, 1])
def test_huge_header_with_blanks_and_metadata_last_is_read(indent: int | None) -> None:
    names = {f"block.{i}": (i % 5,) for i in range(HUGE)}
    header, data = tiled(names)
    document = json.loads(header)
    document["__metadata__"] = {"format": "pt"}
    padded = json.dumps(document, indent=indent).encode() + b" " * 3_000_000
    found = read(packed(padded, bytes(data)))
    assert shapes(found) == names
    assert found.metadata == {"format": "pt"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"block.11999"', b'"block.00000"', "stands twice"),
        (b'"block.00001"', b'"block.00000"', "'block.00000' stands twice"),
        (b'"block.06000":{"dtype":"F16"', b'"block.06000":{"dtype":"F32"', "'block.06000' has 8"),
        (b'"block.06000":{', b'"block.06000":{"x":1,', "unknown field"),
        (b'"block.06000":{', b'"block.06000":[', "not JSON"),
        (b'"block.11999":{', b'"__metadata__":{"a":"b"},"block.11999":{', "stands twice"),
        (b'"block.06000":{', b'"block.06000" {', "not JSON"),
        (b"[24,32]", b"[16,24]", "'block.00003' overlaps"),
    ],
)
@pytest.mark.slow
def test_flaw_in_a_huge_header_is_found(old: bytes, new: bytes, words: str) -> None:
    header, data = tiled(
        {f"block.{i:05}": (1, 4) for i in range(HUGE)}, metadata={"a": "b" * 2**20}
    )
    assert old in header
    with pytest.raises(CorruptModelError, match=words):
        read(packed(header.replace(old, new), bytes(data)))


def test_what_the_official_writer_writes_is_read_alike(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    safetensors = pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    arrays = {
        f"{kind}.{shape}": numpy.zeros(shape, dtype=kind)
        for kind in ("float64", "float32", "float16", "int64", "int8", "uint8", "bool")
        for shape in ((), (0,), (3,), (2, 0, 4), (5, 7))
    }
    path = tmp_path / "a.safetensors"
    save_file(arrays, path, metadata={"k": "v\n"})
    with LocalFile(path) as file:
        found = read_safetensors(file)
    with safetensors.safe_open(path, framework="np") as official:
        assert found.metadata == official.metadata()
        assert {name: (info.dtype, list(info.shape)) for name, info in found.tensors.items()} == {
            name: (official.get_slice(name).get_dtype(), official.get_slice(name).get_shape())
            for name in official.keys()  # noqa: SIM118 - no dict
        }


def test_whatever_we_accept_the_official_reader_accepts(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    path = tmp_path / "a.safetensors"
    for text, data, names in ORDINARY.values():
        path.write_bytes(packed(text.encode(), bytes(data)))
        with safetensors.safe_open(path, framework="np") as official:
            assert set(official.keys()) == set(names)


@settings(max_examples=rounds(200), deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8), st.lists(st.integers(0, 4), max_size=4), min_size=1, max_size=8
    ),
    st.one_of(st.none(), st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=4)),
)
def test_what_was_written_is_read(
    names: dict[str, list[int]], metadata: dict[str, str] | None
) -> None:
    names.pop("__metadata__", None)
    header, data = tiled(names, metadata=metadata)
    found = read(packed(header, bytes(data)))
    assert shapes(found) == {name: tuple(shape) for name, shape in names.items()}
    assert found.metadata == (metadata or {})

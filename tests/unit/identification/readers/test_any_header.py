"""Whatever a header holds, its reader gives what was written, or an error of ours."""

from __future__ import annotations

import json
import pickle
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelkeep.errors import InvalidModelException
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.onnx import read_onnx
from modelkeep.identification.readers.pickle_file import read_pickle
from support.fuzz import Read, gguf_seed, pickle_seeds, safetensors_seed
from support.gguf_files import BLOCKS, gguf
from support.hostile_safetensors import packed
from support.in_memory import InMemory
from support.onnx_models import field, onnx_model
from support.pickles import torch_zip
from support.rounds import rounds

_QUICK = settings(max_examples=rounds(80), deadline=None)
_NUMBERS = st.one_of(
    st.integers(-1, 64), st.sampled_from([2**31, 2**32, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30])
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, st.floats(), st.text(max_size=6)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
_SEEDS = {
    "safetensors": safetensors_seed()[0],
    "gguf": gguf_seed(),
    "onnx": onnx_model([1.0, 2.0]),
    **{f"pickle {n}": wrap(content) for n, (wrap, content) in enumerate(pickle_seeds())},
}


def _answer(content: bytes, read: Read = read_header) -> TensorHeader | None:
    """Return what a reader gives; None where it refuses the file."""
    try:
        return read(InMemory(content))
    except InvalidModelException as error:
        refused = str(error)
    assert refused
    assert refused.isprintable()
    return None


@pytest.mark.parametrize("kind", _SEEDS)
@_QUICK
@given(data=st.data())
def test_a_file_with_other_bytes_in_places(kind: str, data: st.DataObject) -> None:
    content = bytearray(_SEEDS[kind])
    places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 9), st.binary(max_size=9))
    for at, length, piece in data.draw(st.lists(places, min_size=1, max_size=4)):
        content[at : at + length] = piece
    _answer(bytes(content))


@_QUICK
@given(
    st.dictionaries(
        st.text(max_size=6) | st.just("__metadata__"),
        _VALUES
        | st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F16", "F32", "I64", "F8_E4M3", "X"]) | _VALUES,
                "shape": st.lists(_NUMBERS, max_size=4) | _VALUES,
                "data_offsets": st.lists(_NUMBERS, min_size=2, max_size=2) | _VALUES,
            }
        ),
        max_size=5,
    ),
    st.integers(0, 64),
)
@example({"__metadata__": None}, 0)
def test_a_safetensors_header_of_any_values(document: dict[str, Any], size: int) -> None:
    header = json.dumps(document).encode()
    if (found := _answer(packed(header, bytes(size)))) is not None:
        assert set(found.tensors) == set(document) - {"__metadata__"}
        assert {name: list(info.shape) for name, info in found.tensors.items()} == {
            name: document[name]["shape"] for name in found.tensors
        }


@_QUICK
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=8),
        st.tuples(
            st.sampled_from(sorted(BLOCKS)), st.lists(st.integers(1, 4), min_size=1, max_size=4)
        ),
        max_size=6,
    ),
    st.dictionaries(
        st.text(max_size=8).map("k.".__add__),
        st.integers(0, 2**32 - 1) | st.booleans() | st.text(max_size=9)
        | st.lists(st.integers(-5, 5), max_size=5),
        max_size=5,
    ),
)  # fmt: skip
def test_what_was_written_to_a_gguf_file_is_read(
    tensors: dict[str, tuple[str, list[int]]], keys: dict[str, Any]
) -> None:
    written = {
        name: (kind, (*shape[:-1], shape[-1] * BLOCKS[kind].elements))
        for name, (kind, shape) in tensors.items()
    }
    found = read_header(InMemory(gguf(written, keys)))
    assert {name: (info.dtype, info.shape) for name, info in found.tensors.items()} == written
    texts = {name: value for name, value in keys.items() if isinstance(value, str)}
    assert texts.items() <= found.metadata.items()
    assert found.metadata.keys() == {n for n, value in keys.items() if not isinstance(value, list)}


@_QUICK
@given(_VALUES, st.integers(0, 5), st.booleans())
def test_a_pickle_of_any_plain_values(value: Any, protocol: int, as_zip: bool) -> None:
    content = pickle.dumps(value, protocol)
    found = _answer(torch_zip(content) if as_zip else content, read_pickle)
    assert found is None or not found.tensors


_MESSAGES: st.SearchStrategy[bytes] = st.recursive(
    st.binary(max_size=12) | st.builds(field, st.integers(1, 16), st.integers(0, 2**64 - 1)),
    lambda inner: st.lists(st.builds(field, st.integers(1, 16), inner), max_size=4).map(b"".join),
    max_leaves=12,
)


@_QUICK
@given(_MESSAGES, st.binary(max_size=4))
def test_an_onnx_file_of_any_fields(graph: bytes, rest: bytes) -> None:
    _answer(field(1, 8) + field(7, graph) + rest, read_onnx)


@_QUICK
@given(st.sampled_from([b"GGUF", b"PK\3\4", b"\x80\2", b"{", b"\x08\x08:", b""]), st.binary())
def test_any_bytes_behind_a_beginning(start: bytes, rest: bytes) -> None:
    _answer(start + rest)
    _answer(struct.pack("<Q", len(rest)) + start + rest)

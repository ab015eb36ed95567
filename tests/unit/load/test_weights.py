"""Places of tensors, held against what the libraries load from the same files."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import CorruptModelError, IncompleteModelError, UnsafeModelError
from modelkeep.load.precision import Precision
from modelkeep.load.shards import weights_of_index
from modelkeep.load.weights import WeightFile, weights_of
from support.gguf_files import gguf, header
from support.pickles import FORMS, torch_zip

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
tensors_of_load = pytest.importorskip("modelkeep.load.tensors")

pytestmark = pytest.mark.torch

Tensors = dict[str, Any]
TensorReader = tensors_of_load.TensorReader
NAMES = {dtype: name for name, dtype in tensors_of_load.TORCH_DTYPES.items()}
#: Types that torch cannot read again out of a file of its older kind.
NEWER = {torch.uint16, torch.uint32, torch.uint64} | {d for d in NAMES if "float8" in str(d)}
STORED = {"F16": Precision.FLOAT16, "BF16": Precision.BFLOAT16}


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one example of Hypothesis, which would share the one of the fixture."""
    path = Path(tempfile.mkdtemp())
    try:
        yield path
    finally:
        shutil.rmtree(path)


def numbers(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Any:
    """A tensor whose bits are any."""
    count = dtype.itemsize
    for length in shape:
        count *= length
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randint(0, 2 if dtype == torch.bool else 256, (count,), generator=generator)
    return raw.to(torch.uint8).view(dtype).reshape(shape)


def read(weights: WeightFile, *, is_mapped: bool = False) -> Tensors:
    """Everything in a file, as it is stored."""
    reader = TensorReader(may_map=lambda _path, _bytes: is_mapped)
    precisions = {name: STORED.get(place.dtype, Precision.FLOAT32)
                  for name, place in weights.tensors.items()}  # fmt: skip
    found: Tensors = reader.read(weights.tensors, precisions.__getitem__)
    return found


def bits(tensor: Any) -> Any:
    rows = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach())
    return rows.reshape(-1).view(torch.uint8)


def assert_same(found: Tensors, expected: Tensors) -> None:
    assert found.keys() == expected.keys()
    for name, theirs in expected.items():
        wanted = theirs.float() if theirs.dtype == torch.float64 else theirs
        assert found[name].dtype == wanted.dtype, name
        assert found[name].shape == wanted.shape, name
        assert torch.equal(bits(found[name]), bits(wanted)), name


shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
plain = st.builds(numbers, shapes, st.sampled_from(list(NAMES)), st.integers(0, 9))
tables = st.dictionaries(
    st.text("abc.", min_size=1, max_size=6),
    plain.filter(lambda tensor: tensor.dtype != torch.complex128),  # safetensors has none
    max_size=6,
)
#: Views that torch saves with strides and offsets of their own.
VIEWS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda t: t,
    "transposed": lambda t: t.transpose(0, -1) if t.dim() else t,
    "rows": lambda t: t[1:] if t.dim() else t,
    "columns": lambda t: t[..., ::2] if t.dim() else t,
    "repeated": lambda t: t.unsqueeze(0).expand(3, *t.shape),
    "parameter": lambda t: torch.nn.Parameter(t, requires_grad=False),
}
viewed = st.builds(lambda t, view: VIEWS[view](t), plain, st.sampled_from(list(VIEWS)))


@given(tables, st.booleans())
def test_safetensors(tensors: Tensors, is_mapped: bool) -> None:
    with folder() as place:
        path = place / "m.safetensors"
        safetensors.save_file(tensors, path, {"format": "pt"})
        weights = weights_of(path)
        assert weights.files == (path,)
        assert dict(weights.metadata) == {"format": "pt"}
        assert_same(read(weights, is_mapped=is_mapped), safetensors.load_file(path))


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=6), viewed, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_pickles(tensors: Tensors, is_mapped: bool, is_zip: bool) -> None:
    with folder() as place:
        path = place / "m.ckpt"
        is_zip = is_zip or any(tensor.dtype in NEWER for tensor in tensors.values())
        shared = {f"{name}.again": tensor.detach()[:1] for name, tensor in tensors.items()
                  if tensor.dim()}  # fmt: skip
        torch.save(
            {"epoch": 3, "state_dict": tensors | shared},
            path,
            _use_new_zipfile_serialization=is_zip,
        )
        weights = weights_of(path)
        expected = torch.load(path, weights_only=True)["state_dict"]
        assert_same(read(weights, is_mapped=is_mapped), expected)


@pytest.mark.parametrize("is_zip", [True, False])
def test_kinds_of_containers_in_pickles(tmp_path: Path, is_zip: bool) -> None:
    held = torch.nn.ParameterDict({"<a>": torch.arange(6.0).reshape(2, 3)})
    module = torch.nn.Linear(3, 2, dtype=torch.bfloat16)
    torch.save(
        {"string_to_param": held, "layer": module.state_dict(), "list": [torch.ones(2)]},
        tmp_path / "m.pt",
        _use_new_zipfile_serialization=is_zip,
    )
    expected = {"string_to_param.<a>": held["<a>"], "list.0": torch.ones(2)}
    expected |= {f"layer.{name}": value for name, value in module.state_dict().items()}
    assert_same(read(weights_of(tmp_path / "m.pt")), expected)


def test_tensors_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    tensors = {name: torch.zeros(9) for name in "cab"}
    for path in (tmp_path / "m.pt", tmp_path / "m.safetensors"):
        torch.save(tensors, path) if path.suffix == ".pt" else safetensors.save_file(tensors, path)
        offsets = [place.offset for place in weights_of(path).tensors.values()]
        assert offsets == sorted(offsets)
        assert len(offsets) == 3


def test_what_shares_memory_in_a_pickle_shares_it_again(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    tied = {"a": whole, "b": whole, "row": whole[1]}
    torch.save(tied, tmp_path / "m.pt")
    found = read(weights_of(tmp_path / "m.pt"))
    found["a"][1, 0] = 77
    assert found["b"][1, 0] == 77
    assert found["row"][0] == 77
    half = TensorReader().read(weights_of(tmp_path / "m.pt").tensors, lambda _: Precision.FLOAT16)
    assert half["a"].data_ptr() == half["b"].data_ptr()


def test_plain_numbers_of_a_gguf_file_are_read(tmp_path: Path) -> None:
    shapes = {"a": ("F32", (2, 3)), "b": ("F16", (4,)), "c": ("BF16", (2, 2))}
    numbers = torch.arange(6, dtype=torch.float32)
    data = numbers.numpy().tobytes() + bytes(8) + numbers[:4].half().numpy().tobytes()
    path = tmp_path / "m.gguf"
    path.write_bytes(header(shapes) + data + bytes(64))
    found = read(weights_of(path))
    assert torch.equal(found["a"], numbers.view(2, 3))
    assert torch.equal(found["b"], numbers[:4].half())
    assert (found["c"].shape, found["c"].dtype) == ((2, 2), torch.bfloat16)


def test_blocks_of_a_gguf_file_are_for_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf({"a": ("Q8_0", (2, 32))}))
    with pytest.raises(CorruptModelError, match="'a' has elements of the type Q8_0"):
        weights_of(path)


def repacked(path: Path, target: Path, method: int, **other: bytes) -> Path:
    """Write the archive of torch anew, with another compression or contents."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            content = other.get(name.rpartition("/")[2], old.read(name))
            new.writestr(zipfile.ZipInfo(name), content, method)
    return target


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_what_is_stored_in_another_way_is_refused(tmp_path: Path) -> None:
    def saved(name: str, value: Any) -> Path:
        torch.save({"weight": value}, tmp_path / name)
        return tmp_path / name

    path = saved("m.pt", torch.ones(3))
    quantised = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    negative = torch.view_as_complex(torch.ones(2, 2)).conj()
    for refused, words in (
        (repacked(path, tmp_path / "zipped.pt", zipfile.ZIP_DEFLATED), "compressed"),
        (repacked(path, tmp_path / "big.pt", zipfile.ZIP_STORED, byteorder=b"big"), "byte order"),
        (saved("sparse.pt", torch.eye(3).to_sparse_coo()), "sparse"),
        (saved("quantised.pt", quantised), "quantised"),
        (saved("meta.pt", torch.ones(3, device="meta")), "contents"),
        (saved("conjugate.pt", negative), "cannot be loaded"),
    ):
        with pytest.raises(CorruptModelError, match=words) as raised:
            weights_of(refused)
        assert refused.name in str(raised.value)
        assert "'weight'" in str(raised.value)
        assert raised.value.hint


def test_malicious_pickles_are_refused(tmp_path: Path) -> None:
    evil = tmp_path / "evil.pt"
    evil.write_bytes(torch_zip(FORMS["STACK_GLOBAL, protocol 4"]("posix", "system")))
    with pytest.raises(UnsafeModelError, match=r"posix\.system"):
        weights_of(evil)


# -- weights in several files


def sharded(place: Path, shards: dict[str, Tensors], **index: object) -> Path:
    """Write the files and an index of them; ``weight_map`` may say something else."""
    place.mkdir(parents=True, exist_ok=True)
    names = {name: shard for shard, tensors in shards.items() for name in tensors}
    for shard, tensors in shards.items():
        save = torch.save if shard.endswith(".bin") else safetensors.save_file
        save(tensors, place / shard)
    path = place / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": names} | index))
    return path


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_weights_in_several_files(tmp_path: Path, suffix: str) -> None:
    shards = {
        f"model-1.{suffix}": {"b": torch.ones(3), "a": torch.zeros(2)},
        f"model-2.{suffix}": {"c": torch.arange(4)},
    }
    index = sharded(tmp_path, shards)
    weights = weights_of_index(index)
    assert weights.files == (index, *(tmp_path / shard for shard in shards))
    assert_same(read(weights), {n: t for tensors in shards.values() for n, t in tensors.items()})


def test_a_tensor_is_taken_from_the_file_that_the_index_names(tmp_path: Path) -> None:
    shards = {
        "1.safetensors": {"a": torch.zeros(2), "x": torch.ones(1)},
        "2.safetensors": {"a": torch.ones(2), "unlisted": torch.ones(1)},
    }
    names = {"a": "2.safetensors", "x": "1.safetensors"}
    weights = weights_of_index(sharded(tmp_path, shards, weight_map=names))
    assert_same(read(weights), {"a": torch.ones(2), "x": torch.ones(1), "unlisted": torch.ones(1)})


def test_wrong_indexes_are_refused(tmp_path: Path) -> None:
    shards = {"1.safetensors": {"a": torch.zeros(2)}}

    def of(weight_map: object) -> Path:
        return sharded(tmp_path / "model", shards, weight_map=weight_map)

    with pytest.raises(IncompleteModelError, match=r"2\.safetensors, which is missing"):
        weights_of_index(of({"a": "1.safetensors", "b": "2.safetensors"}))
    with pytest.raises(CorruptModelError, match="'b', and it has not"):
        weights_of_index(of({"a": "1.safetensors", "b": "1.safetensors"}))
    for outside in ("../1.safetensors", "/etc/passwd", "a\\..\\b", ""):
        with pytest.raises(CorruptModelError, match="outside its folder"):
            weights_of_index(of({"a": outside}))
    nothing: tuple[object, ...] = ([], {}, None, "1.safetensors")
    for wrong in nothing:
        with pytest.raises(CorruptModelError, match="no weight_map"):
            weights_of_index(of(wrong))

"""Layouts as programs really write them: none may be refused, and torch must see the same."""

from __future__ import annotations

import argparse
import io
import os
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.reading import LocalFile
from modelkeep.errors import CorruptModelError, UnlistedClassError, UnsafeModelError
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")

pytestmark = pytest.mark.torch

NAMES = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.int16": "I16",
    "torch.int8": "I8",
    "torch.uint8": "U8",
    "torch.uint16": "U16",
    "torch.uint32": "U32",
    "torch.uint64": "U64",
    "torch.bool": "BOOL",
    "torch.complex64": "C64",
    "torch.complex128": "C128",
    "torch.float8_e4m3fn": "F8_E4M3",
    "torch.float8_e5m2": "F8_E5M2",
    # Of what is quantised, the element type of the storage.
    "torch.quint8": "U8",
}


def zeros(*shape: int, dtype: str = "float32") -> Any:
    return torch.zeros(shape, dtype=getattr(torch, dtype))


def module() -> Any:
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2, bias=False)
    )


def trained() -> dict[str, Any]:
    model = module()
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(2, 3, 6, 6)).sum().backward()
    optimizer.step()
    return {
        "epoch": 4,
        "global_step": 470_000,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": model.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [{"base_lrs": [1e-4], "last_epoch": 3, "_last_lr": [1e-4]}],
    }


def with_attribute(tensor: Any) -> Any:
    tensor.tag = "ema"
    return tensor


def shared() -> dict[str, Any]:
    whole = torch.zeros(10, 4)
    return {"whole": whole, "head": whole[:2], "column": whole[:, 1], "again": whole}


def nested_dict(depth: int) -> dict[str, Any]:
    return {"w": zeros(1), "n": nested_dict(depth - 1)} if depth else {"w": zeros(1)}


def inversion_with_module() -> dict[str, Any]:
    parameters = torch.nn.ParameterDict()
    parameters["*"] = torch.nn.Parameter(zeros(2, 768))
    return {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": parameters}


def of_dtype(dtype: str) -> Callable[[], Any]:
    return lambda: {"a": zeros(2, 3, dtype=dtype.removeprefix("torch."))}


def unlisted() -> dict[str, Any]:
    return {"a": zeros(1), "args": argparse.Namespace(lr=1e-4)}


LAYOUTS: dict[str, Callable[[], Any]] = {
    **{f"dtype {dtype}": of_dtype(dtype) for dtype in NAMES if "quint" not in dtype},
    "state dict of a module": lambda: module().state_dict(),
    "state dict in half": lambda: module().half().state_dict(),
    "state dict in bfloat16": lambda: module().bfloat16().state_dict(),
    "plain dict": lambda: dict(module().state_dict()),
    "OrderedDict": lambda: OrderedDict(b=zeros(1), a=zeros(2)),
    "wrapped in state_dict": lambda: {"state_dict": module().state_dict()},
    "wrapped in model": lambda: {"model": dict(module().state_dict()), "iter": 3},
    "wrapped in module": lambda: {"module": {"a": zeros(1)}},
    "wrapped in params": lambda: {"params": OrderedDict(a=zeros(3))},
    "params and params_ema": lambda: {"params": {"a": zeros(1)}, "params_ema": {"a": zeros(2)}},
    "training checkpoint": trained,
    "nested dicts": lambda: {"unet": {"down": {"0": zeros(2)}}, "vae": {"x": zeros(3)}},
    "thirty levels": lambda: nested_dict(30),
    "keys that are numbers": lambda: {0: zeros(1), 1: {2: zeros(2)}, 1.5: zeros(3), None: zeros(4)},
    "parameters": lambda: {"a": torch.nn.Parameter(zeros(2)), "b": zeros(1).requires_grad_()},
    "tensor with an attribute": lambda: {"a": with_attribute(zeros(2)), "b": zeros(1)},
    "parameter with an attribute": lambda: {"a": with_attribute(torch.nn.Parameter(zeros(2)))},
    "counter": lambda: {"a": zeros(1), "counts": Counter(x=2), "none": Counter()},
    "complex number": lambda: {"a": zeros(1), "c": 1 + 2j},
    "quantised tensor": lambda: {
        "a": torch.quantize_per_tensor(zeros(2, 3), 0.1, 10, torch.quint8)
    },
    "parameter without gradient": lambda: {"a": torch.nn.Parameter(zeros(2), requires_grad=False)},
    "shared storages": shared,
    "views": lambda: {
        "t": zeros(4, 6).t(),
        "step": zeros(4, 6)[::2, ::3],
        "expanded": zeros(1, 3).expand(5, 3),
        "permuted": zeros(2, 3, 4).permute(2, 0, 1),
        "tail": zeros(100)[90:],
    },
    "channels last": lambda: {"a": zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)},
    "empty tensors": lambda: {"a": zeros(0), "b": zeros(3, 0, 2), "c": zeros(5)[5:]},
    "scalars": lambda: {"alpha": torch.tensor(4.0), "step": torch.tensor(7)},
    "texts and numbers": lambda: {
        "a": zeros(1),
        "name": "modèle",
        "step": 5,
        "lr": 0.5,
        "ema": True,
        "none": None,
        "big": 2**80,
        "negative": -3,
    },
    "lists of tensors": lambda: {"layers": [zeros(1), zeros(2), (zeros(3), zeros(4))]},
    "list at the top": lambda: [zeros(1), {"a": zeros(2)}],
    "tensor alone": lambda: zeros(3, 4),
    "sets and sizes": lambda: {
        "a": zeros(1),
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "dtype": torch.float16,
        "empty": set(),
        "set": {1, 2},
    },
    "bytes": lambda: {"a": zeros(1), "raw": b"\x00\xffabc"},
    "scalars of numpy": lambda: {
        "a": zeros(1),
        "loss": numpy.float64(0.25),
        "step": numpy.int64(4),
        "half": numpy.float16(1),
    },
    "arrays of numpy": lambda: {"a": zeros(1), "betas": numpy.arange(10.0), "i": numpy.eye(2)},
    "dtypes of numpy": lambda: {"a": zeros(1), "d": numpy.dtype("float32")},
    "textual inversion with a ParameterDict": inversion_with_module,
    "textual inversion": lambda: {
        "string_to_token": {"*": 265},
        "string_to_param": {"*": zeros(4, 768)},
        "name": "ink",
        "step": 500,
        "sd_checkpoint": "81761151",
        "sd_checkpoint_name": None,
    },
    "textual inversion of diffusers": lambda: {"<ink>": zeros(768)},
    "textual inversion of SDXL": lambda: {"clip_g": zeros(2, 1280), "clip_l": zeros(2, 768)},
    "hypernetwork": lambda: {
        768: [{"linear1.weight": zeros(4, 2)}, {"linear1.weight": zeros(4, 2)}],
        "step": 3,
        "name": "h",
        "layer_structure": [1, 2, 1],
        "activation_func": "relu",
        "is_layer_norm": False,
    },
    "IP-Adapter": lambda: {
        "image_proj": {"proj.weight": zeros(8, 4)},
        "ip_adapter": {"1.to_k_ip.weight": zeros(4, 4)},
    },
    "LoRA": lambda: {
        f"lora_unet_{i}.{part}": zeros(4, 8, dtype="float16")
        for i in range(50)
        for part in ("lora_up.weight", "lora_down.weight")
    },
    "a thousand tensors": lambda: {f"layer.{i}.weight": zeros(1, i % 3) for i in range(1000)},
    "empty dict": dict,
    "names that are no English": lambda: {"重み.0": zeros(1), "вес": zeros(2), "🎨": zeros(3)},
}


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Join keys as the reader does, from the objects that torch would give."""
    if isinstance(value, torch.Tensor):
        return {name or "tensor": value}
    if isinstance(value, torch.nn.ParameterDict):
        value = dict(value)
    prefix = f"{name}." if name else ""
    found: dict[str, Any] = {}
    items = enumerate(value) if isinstance(value, list | tuple) else ()
    for key, part in value.items() if isinstance(value, dict) else items:
        found |= flat(part, f"{prefix}{key}")
    return found


def expected(value: Any) -> dict[str, Any]:
    for key in ("state_dict", "params_ema", "params", "model", "module"):
        if isinstance(value, dict) and isinstance(value.get(key), dict):
            rest = {name: part for name, part in value.items() if name != key}
            return flat(rest) | flat(value[key])
    return flat(value)


def read(path: Path) -> TensorHeader:
    with LocalFile(path) as file:
        return read_header(file)


def described(tensors: dict[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {n: (NAMES[str(t.dtype)], tuple(t.shape)) for n, t in tensors.items()}


@pytest.mark.parametrize("label", LAYOUTS)
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.slow
def test_ordinary_layout_is_read_as_torch_reads_it(
    tmp_path: Path, label: str, protocol: int, *, as_zip: bool
) -> None:
    path = tmp_path / "model.bin"
    value = LAYOUTS[label]()
    torch.save(value, path, _use_new_zipfile_serialization=as_zip, pickle_protocol=protocol)
    found = read(path)
    assert {n: (i.dtype, i.shape) for n, i in found.tensors.items()} == described(expected(value))
    assert found.container == "pickle"
    assert found.size == path.stat().st_size


def test_there_are_enough_layouts() -> None:
    assert len(LAYOUTS) >= 50


def test_scalars_at_the_top_become_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save(LAYOUTS["texts and numbers"](), path)
    assert read(path).metadata == {
        "name": "modèle",
        "step": "5",
        "lr": "0.5",
        "ema": "True",
        "big": "a large number",
        "negative": "-3",
    }


@pytest.mark.parametrize(
    ("label", "wrapper"),
    [
        ("wrapped in state_dict", "state_dict"),
        ("wrapped in model", "model"),
        ("wrapped in module", "module"),
        ("wrapped in params", "params"),
        ("params and params_ema", "params_ema"),
        ("training checkpoint", "state_dict"),
    ],
)
def test_wrapper_is_taken_off_and_noted(tmp_path: Path, label: str, wrapper: str) -> None:
    path = tmp_path / "a.pt"
    torch.save(LAYOUTS[label](), path)
    found = read(path)
    assert found.metadata["wrapped_in"] == wrapper
    assert "a" in found.tensors or "0.weight" in found.tensors


def test_model_that_holds_no_tensors_of_its_own_is_no_wrapper(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"model": {"unet": {"a": zeros(1)}}}, path)
    found = read(path)
    assert list(found.tensors) == ["model.unet.a"]
    assert "wrapped_in" not in found.metadata


def test_metadata_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": zeros(1), **{f"k{i}": "x" * 500 for i in range(3000)}}, path)
    metadata = read(path).metadata
    assert 100 < len(metadata) <= 1000
    assert sum(map(len, metadata.values())) <= 65536


def test_no_weight_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({f"w{i}": zeros(2**18) for i in range(8)}, path)
    with LocalFile(path) as file:
        read_header(file)
        assert file.bytes_read < 200_000


@pytest.mark.parametrize("as_zip", [True, False])
def test_whole_module_is_refused(tmp_path: Path, *, as_zip: bool) -> None:
    path = tmp_path / "a.pt"
    torch.save(module(), path, _use_new_zipfile_serialization=as_zip)
    with pytest.raises(UnsafeModelError, match=r"torch\.nn\.modules\.container\.Sequential"):
        read(path)


def test_a_class_that_is_on_no_list_is_not_said_to_run_code(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    torch.save(unlisted(), path)
    with pytest.raises(
        UnlistedClassError, match=r"argparse\.Namespace, which is not on the list"
    ) as e:
        read(path)
    assert "run code" not in str(e.value)
    assert "safetensors" in e.value.hint

    torch.save({"a": zeros(1), "run": os.system}, path)
    with pytest.raises(UnsafeModelError, match="would run code") as caught:
        read(path)
    assert not isinstance(caught.value, UnlistedClassError)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2)), path)
    with pytest.raises(UnsafeModelError, match="TorchScript"):
        read(path)


class Pipe(io.RawIOBase):
    """A stream that cannot go back, so that sizes are written behind the data."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.content += bytes(content)
        return len(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
@pytest.mark.parametrize("long", [True, False])
def test_checkpoint_packed_anew_is_read(
    tmp_path: Path, method: int, stream: type[io.BytesIO | Pipe], *, long: bool
) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": zeros(40), "b": zeros(3)}, path)
    packed = stream()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", method) as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with new.open(info, "w", force_zip64=long) as member:
                member.write(old.read(name))
    path.write_bytes(packed.content if isinstance(packed, Pipe) else packed.getvalue())
    assert list(read(path).tensors) == ["a", "b"]


def test_integers_in_text_are_read_in_a_packed_archive() -> None:
    from support.in_memory import InMemory
    from support.pickles import Part, archive

    content = archive(Part("a/data.pkl", b"}(V" + b"a\nI01\nV" + b"b\nI5\nu.", method=8))
    found = read_header(InMemory(content, "m.pt"))
    assert found.metadata == {"a": "True", "b": "5"}


@pytest.mark.parametrize("as_zip", [True, False])
def test_truncated_file_is_refused(tmp_path: Path, *, as_zip: bool) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": zeros(1000)}, path, _use_new_zipfile_serialization=as_zip)
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 300, 20):
        path.write_bytes(whole[:length])
        with pytest.raises(CorruptModelError):
            read(path)

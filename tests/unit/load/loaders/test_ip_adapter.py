"""IP-Adapters: both halves, their kind, and the width of what they give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.errors import InvalidModelException
from modelkeep.load.ip_adapter_weights import IPAdapterWeights
from modelkeep.load.precision import Precision
from sample_models import typed, write_safetensors
from support.loading import files_of, load, plan_of, random_tensors, write_tensors
from support.published import needed, published

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

Shapes = dict[str, tuple[int, ...]]
_LAYERS: Shapes = {
    f"ip_adapter.{number}.to_{half}_ip.weight": (32, 24) for number in (1, 3) for half in "kv"
}
_PROJECTIONS: dict[str, Shapes] = {
    "plain": {"proj.weight": (96, 16), "proj.bias": (96,), "norm.weight": (24,)},
    "plus": {"latents": (1, 4, 24), "proj_in.weight": (24, 16), "layers.0.0.to_q.weight": (8, 24)},
    "full": {"proj.0.weight": (16, 16), "proj.2.weight": (24, 16), "proj.3.weight": (24,)},
    "faceid": {"proj.0.weight": (32, 512), "proj.2.weight": (96, 32), "norm.weight": (24,)},
    "faceid_plus": {
        "proj.0.weight": (32, 16), "norm.weight": (24,), "perceiver_resampler.latents": (1, 4, 8),
        "perceiver_resampler.proj_in.weight": (24, 16),
    },
}  # fmt: skip


def _shapes(kind: str) -> Shapes:
    return {f"image_proj.{name}": shape for name, shape in _PROJECTIONS[kind].items()} | _LAYERS


def _load(path: Path, form: str = "checkpoint", base: str = "sd-1") -> IPAdapterWeights:
    found = load(files_of(path, type="ip_adapter", format=form, base=base))
    assert isinstance(found, IPAdapterWeights)
    return found


@pytest.mark.parametrize("kind", _PROJECTIONS)
def test_every_kind_comes_in_two_halves(kind: str, tmp_path: Path) -> None:
    written = random_tensors(_shapes(kind))
    adapter = _load(write_tensors(tmp_path / "m.safetensors", written))

    assert (adapter.kind, adapter.width, adapter.image_encoder) == (kind, 24, "")
    assert set(adapter.image_proj) == set(_PROJECTIONS[kind])
    assert set(adapter.ip_adapter) == {name.removeprefix("ip_adapter.") for name in _LAYERS}
    assert set(adapter.tensors) == set(written)
    assert all(torch.equal(adapter.tensors[name], tensor) for name, tensor in written.items())


def test_several_layers_for_another_vector_than_a_face_are_full(tmp_path: Path) -> None:
    shapes = _shapes("faceid") | {"image_proj.proj.0.weight": (32, 1152)}

    assert _load(write_tensors(tmp_path / "m.safetensors", random_tensors(shapes))).kind == "full"


def test_a_pickle_has_a_dict_for_each_half(tmp_path: Path) -> None:
    tensors = random_tensors(_shapes("plain"))
    halves = {
        half: {n.removeprefix(f"{half}."): t for n, t in tensors.items() if n.startswith(half)}
        for half in ("image_proj", "ip_adapter")
    }
    torch.save(halves, tmp_path / "ip_adapter.bin")

    adapter = _load(tmp_path, "invokeai")

    assert all(torch.equal(adapter.tensors[name], tensor) for name, tensor in tensors.items())


def test_the_adapter_of_a_face_keeps_the_lora_that_comes_with_it(tmp_path: Path) -> None:
    lora: Shapes = {"ip_adapter.1.to_q_lora.down.weight": (4, 32)}
    path = write_tensors(tmp_path / "m.safetensors", random_tensors(_shapes("faceid") | lora))

    assert "1.to_q_lora.down.weight" in _load(path).ip_adapter


def test_a_folder_of_invokeai_names_its_image_encoder(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    write_tensors(folder / "ip_adapter.safetensors", random_tensors(_shapes("plus")))
    (folder / "image_encoder.txt").write_text("InvokeAI/ip_adapter_sd_image_encoder\n")

    adapter = _load(folder, "invokeai")

    assert adapter.image_encoder == "InvokeAI/ip_adapter_sd_image_encoder"
    assert adapter.to(torch.float16).image_encoder == adapter.image_encoder
    plan = plan_of(files_of(folder, type="ip_adapter", format="invokeai", base="sd-1"))
    assert {path.name for path in plan.files} == {"ip_adapter.safetensors", "image_encoder.txt"}


def test_the_names_of_xlabs_become_the_usual_ones(tmp_path: Path) -> None:
    shapes: Shapes = {
        f"double_blocks.0.processor.ip_adapter_double_stream_{half}_proj.{what}": shape
        for half in "kv"
        for what, shape in {"weight": (32, 24), "bias": (32,)}.items()
    }
    shapes |= {"ip_adapter_proj_model.proj.weight": (96, 16)}
    path = write_tensors(tmp_path / "m.safetensors", random_tensors(shapes))
    files = files_of(path, type="ip_adapter", format="checkpoint", base="flux")

    adapter = load(files, precision=Precision.BFLOAT16)

    assert (adapter.kind, adapter.width) == ("plain", 24)
    assert set(adapter.ip_adapter) == {
        "0.to_k_ip.weight", "0.to_k_ip.bias", "0.to_v_ip.weight", "0.to_v_ip.bias"
    }  # fmt: skip
    assert {tensor.dtype for tensor in adapter.tensors.values()} == {torch.bfloat16}


_PLAIN = _shapes("plain")


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (_PLAIN | {"unet.x.weight": (2, 2)}, ("unet.x.weight",)),
        (_LAYERS, ("image_proj",)),
        ({"image_proj.proj.weight": (96, 16)}, ("no attention layers",)),
        (_PLAIN | {"ip_adapter.5.to_k_ip.weight": (32, 24)}, ("5.to_k_ip", "5.to_v_ip")),
        (_PLAIN | {"ip_adapter.1.to_v_ip.weight": (32, 25)}, ("1.to_k_ip", "1.to_v_ip")),
        (
            _PLAIN | {f"ip_adapter.5.to_{half}_ip.weight": (32, 25) for half in "kv"},
            ("24 at", "25 at"),
        ),
        (
            _PLAIN | {"ip_adapter_proj_model.proj.weight": (96, 16)},
            ("ip_adapter_proj_model.proj.weight",),
        ),
    ],
)
def test_what_is_no_ip_adapter_is_refused(
    shapes: Shapes, words: tuple[str, ...], tmp_path: Path
) -> None:
    path = write_tensors(tmp_path / "m.safetensors", random_tensors(shapes))
    with pytest.raises(InvalidModelException) as caught:
        plan_of(files_of(path, type="ip_adapter", format="checkpoint", base="sd-1"))

    assert all(word in str(caught.value) for word in (*words, "m.safetensors"))
    assert caught.value.hint


@needed
def test_a_published_adapter_is_known(tmp_path: Path) -> None:
    header = published("headers", "xlabs_flux_ip_adapter_state_dict.json")
    shapes = {name: tuple(shape) for name, shape in json.loads(header.read_text()).items()}
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes))

    plan = plan_of(files_of(path, type="ip_adapter", format="checkpoint", base="flux"))
    assert (plan.config["kind"], plan.config["width"]) == ("plain", 4096)
    assert len(plan.tensors) == len(shapes)

"""T2I-Adapters in one file: every form and spelling becomes diffusers' class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import InvalidModelException
from modelkeep.load.precision import Precision
from support.loading import files_of, load, plan_of, write_tensors

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
pytestmark = pytest.mark.torch

Tensors = dict[str, Any]
_FORMS = {
    "full": {"adapter_type": "full_adapter", "downscale_factor": 8, "channels": [8, 16, 24, 24]},
    "full, one colour": {
        "adapter_type": "full_adapter", "downscale_factor": 8, "channels": [8, 16], "in_channels": 1
    },
    "xl": {"adapter_type": "full_adapter_xl", "downscale_factor": 16, "channels": [8, 16, 24, 24]},
    "light": {
        "adapter_type": "light_adapter", "downscale_factor": 8, "channels": [8, 16, 24],
        "num_res_blocks": 4,
    },
}  # fmt: skip


def _adapter(form: str) -> Any:
    torch.manual_seed(1)
    return diffusers.T2IAdapter(**_FORMS[form]).eval()


def _original(form: str, tensors: Tensors) -> Tensors:
    """Return the tensors under the names of the original code."""
    found: Tensors = {}
    for name, tensor in tensors.items():
        parts = name.removeprefix("adapter.").split(".")
        if form == "light" and parts[2] == "resnets":
            parts[2] = "body"
        elif form != "light" and parts[0] == "body" and parts[2] == "resnets":
            parts[1:4] = [str(int(parts[1]) * 2 + int(parts[3]))]
        elif form != "light" and parts[0] == "body":
            parts[1] = str(int(parts[1]) * 2)
        found[".".join(parts)] = tensor
    return found


def _files(path: Path) -> Any:
    return files_of(path, type="t2i_adapter", format="checkpoint", base="sd-1")


@pytest.mark.parametrize("spelling", ["diffusers", "original", "without prefix"])
@pytest.mark.parametrize("form", _FORMS)
def test_every_form_becomes_the_class(form: str, spelling: str, tmp_path: Path) -> None:
    made = _adapter(form)
    tensors: Tensors = made.state_dict()
    if spelling == "original":
        tensors = _original(form, tensors)
    elif spelling == "without prefix":
        tensors = {name.removeprefix("adapter."): tensor for name, tensor in tensors.items()}

    adapter = load(_files(write_tensors(tmp_path / "m.safetensors", tensors)))

    assert isinstance(adapter, diffusers.T2IAdapter)
    mine, theirs = adapter.state_dict(), made.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert dict(adapter.config).items() <= dict(made.config).items()
    assert not adapter.training


def test_a_pickle_of_the_original_code_loads_in_half_precision(tmp_path: Path) -> None:
    tensors = _original("full", _adapter("full").state_dict())
    torch.save(tensors, tmp_path / "m.pth")

    adapter = load(_files(tmp_path / "m.pth"), precision=Precision.FLOAT16)

    assert {tensor.dtype for tensor in adapter.state_dict().values()} == {torch.float16}


def _without(tensors: Tensors, name: str) -> Tensors:
    return {each: tensor for each, tensor in tensors.items() if each != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: _without(t, "adapter.conv_in.weight"), ("no T2I-Adapter",)),
        (lambda t: _without(t, "adapter.body.0.resnets.0.block2.weight"), ("block2.weight",)),
        (lambda t: t | {"adapter.conv_in.weight": torch.rand(8, 100, 3, 3)}, ("no T2I-Adapter",)),
        (lambda t: t | {"adapter.conv_in.bias": torch.rand(9)}, ("conv_in.bias", "9")),
        (lambda t: t | {"other.weight": torch.rand(9)}, ("other.weight",)),
        (lambda t: t | {"conv_in.bias": torch.rand(8)}, ("no T2I-Adapter",)),
        (lambda _: {"a.weight": torch.rand(2)}, ("no T2I-Adapter", "a.weight")),
    ],
)
def test_what_does_not_fit_is_refused(change: Any, words: tuple[str, ...], tmp_path: Path) -> None:
    tensors = change(_adapter("full").state_dict())
    files = _files(write_tensors(tmp_path / "m.safetensors", tensors))

    with pytest.raises(InvalidModelException) as caught:
        load(files)
    assert all(word in str(caught.value) for word in (*words, "m.safetensors"))
    assert caught.value.hint


def test_planning_shows_the_class_and_its_settings(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "m.safetensors", _adapter("light").state_dict())
    plan = plan_of(_files(path))

    assert (plan.library, plan.class_name) == ("diffusers", "T2IAdapter")
    assert plan.config == {"in_channels": 3} | _FORMS["light"]

"""Motion modules: AnimateDiff's names become diffusers' class, others stay tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import InvalidModelException
from modelkeep.load.tensor_bundle import NamedTensors
from support.loading import files_of, load, random_tensors, write_tensors

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
pytestmark = pytest.mark.torch

Tensors = dict[str, Any]
_BACK = (
    (".attn1.", ".attention_blocks.0."), (".attn2.", ".attention_blocks.1."),
    (".norm1.", ".norms.0."), (".norm2.", ".norms.1."), (".norm3.", ".ff_norm."),
    (".pos_embed.", ".attention_blocks.0.pos_encoder."),
)  # fmt: skip


def _module(*, has_middle: bool) -> Any:
    torch.manual_seed(1)
    return diffusers.MotionAdapter(
        block_out_channels=(32, 64), motion_max_seq_length=24, use_motion_mid_block=has_middle
    ).eval()


def _original(tensors: Tensors) -> Tensors:
    """Return the tensors under AnimateDiff's names."""
    found: Tensors = {}
    for name, tensor in tensors.items():
        blocks, number, rest = name.partition(".motion_modules.")
        index, _, last = rest.partition(".")
        new = f"{blocks}{number}{index}.temporal_transformer.{last}"
        for ours, theirs in _BACK:
            new = new.replace(ours, theirs)
        found[new] = tensor
        if ".pos_encoder." in new:  # each attention has the table
            found[new.replace("_blocks.0.pos", "_blocks.1.pos")] = tensor.clone()
    return found


def _load(path: Path) -> Any:
    return load(files_of(path, type="motion_module", format="checkpoint", base="sd-1"))


@pytest.mark.parametrize("has_middle", [False, True])
@pytest.mark.parametrize("spelling", ["diffusers", "original", "pickle"])
@pytest.mark.slow
def test_every_spelling_becomes_the_class(spelling: str, has_middle: bool, tmp_path: Path) -> None:
    made = _module(has_middle=has_middle)
    tensors: Tensors = made.state_dict()
    path = tmp_path / "m.ckpt"
    if spelling == "pickle":
        names = {f"module.{name}": tensor for name, tensor in _original(tensors).items()}
        torch.save({"state_dict": names, "epoch": 3}, path)
    else:
        tensors = _original(tensors) if spelling == "original" else tensors
        write_tensors(path, tensors)

    motion = _load(path)

    assert isinstance(motion, diffusers.MotionAdapter)
    mine, theirs = motion.state_dict(), made.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert motion.config.motion_max_seq_length == 24


def test_other_motion_modules_stay_tensors(tmp_path: Path) -> None:
    written = random_tensors({"down_blocks.0.temporal_attentions.0.norm.weight": (4,)})

    found = _load(write_tensors(tmp_path / "m.safetensors", written))

    assert isinstance(found, NamedTensors)
    assert found.tensors.keys() == written.keys()


def test_a_tensor_that_lacks_is_named(tmp_path: Path) -> None:
    tensors = _original(_module(has_middle=False).state_dict())
    name = "up_blocks.1.motion_modules.0.temporal_transformer.proj_in.weight"
    del tensors[name]

    with pytest.raises(InvalidModelException, match=r"up_blocks.1.motion_modules.0.proj_in.weight"):
        _load(write_tensors(tmp_path / "m.safetensors", tensors))

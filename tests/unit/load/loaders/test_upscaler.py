"""Upscalers: spandrel makes them of tensors that our reader read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from modelkeep.errors import MissingExtraError, UnsafeModelError
from modelkeep.load.model_files import ModelFiles
from support.loading import files_of, load, plan_of, random_tensors, write_tensors
from support.pickles import FORMS

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

TESTS = Path(__file__).parents[3]


def _files(path: Path) -> ModelFiles:
    return files_of(path, type="upscaler", format="checkpoint")


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("spandrel"), reason="spandrel is not installed")
def test_files_become_the_models_that_they_were_made_of(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "support.upscaler_child", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)

    architectures = {
        "old names": "ESRGAN", "new names": "ESRGAN", "compact": "Compact", "swinir": "SwinIR"
    }  # fmt: skip
    for name, architecture in architectures.items():
        assert made[name] == {
            "architecture": architecture, "scale": 2, "dtype": "torch.float32", "is_equal": True,
            "is_trained": False, "has_drawn": False,
        }, name  # fmt: skip
    assert made["half"]["dtype"] == "torch.bfloat16"
    for name, (error, *words) in {
        "unknown": ("InvalidModelException", "unknown.safetensors", "no upscaler", "x.y"),
        "lacking": ("InvalidModelException", "lacking.pth", "model.0.bias"),
        "odd shape": ("InvalidModelException", "odd.pth", "model.3.bias"),
        "too many": ("CorruptModelError", "many.pth", "99999999"),
    }.items():
        assert (made[name]["error"], bool(made[name]["hint"])) == (error, True), name
        assert all(word in made[name]["message"] for word in words), made[name]


def test_without_spandrel_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tensors(tmp_path / "m.safetensors", random_tensors({"body.0.weight": (2, 2)}))
    monkeypatch.setitem(sys.modules, "spandrel", None)

    with pytest.raises(MissingExtraError, match=r"m\.safetensors needs spandrel") as caught:
        load(_files(path))
    assert "pip install 'modelkeep[upscale]'" in caught.value.hint


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    path.write_bytes(FORMS["GLOBAL and REDUCE, protocol 2"]("os", "system"))

    with pytest.raises(UnsafeModelError, match=r"m\.pth"):
        plan_of(_files(path))

"""The same answers from zip pickles that torch wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelkeep.identification.engine import identify
from support.published import needed
from unit.identification.test_published_models import FILES, _answer, _published

torch = pytest.importorskip("torch")

pytestmark = needed

NAMES = (
    "sd1 checkpoint",
    "sd1 inpainting checkpoint",
    "sd2 checkpoint",
    "sd2 depth checkpoint",
    "sdxl checkpoint",
    "sdxl refiner checkpoint",
    "vae, ldm names",
    "controlnet, ldm names",
    "lora, U-Net and text",
    "flux lora, kohya",
    "flux ip-adapter, XLabs",
    "clip text model of sd1",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_wrapped", [False, True], ids=["bare", "state_dict"])
@pytest.mark.slow
def test_published_files_as_pickles(name: str, is_wrapped: bool, tmp_path: Path) -> None:
    entry: dict[str, Any] = next(e for e in FILES if e["name"] == name)
    tensors: dict[str, Any] = {}
    for part in entry["parts"]:
        for tensor, shape in _published(part["list"], part["prefix"]).items():
            # One number seen through every shape: real names and shapes in a small file.
            tensors[tensor] = torch.zeros((), dtype=torch.float16).expand(shape)
    path = tmp_path / "some-model.ckpt"
    torch.save({"state_dict": tensors, "global_step": 470000} if is_wrapped else tensors, path)

    assert _answer(identify(path)) == entry["expected"]

"""What other tests take from ``SmallModels``."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from support.small_models import PARTS, PIPELINES, SmallModels

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_every_part_is_made(small_models: SmallModels) -> None:
    for name, recipe in PARTS.items():
        folder = small_models.part(name)
        assert any(folder.iterdir()), name
        if (folder / "config.json").exists():
            config = json.loads((folder / "config.json").read_text())
            assert recipe.class_name in (
                config.get("_class_name"),
                *config.get("architectures", ()),
            )


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_has_its_parts(small_models: SmallModels, name: str) -> None:
    folder = small_models.pipeline(name, dtype="float16")
    index = json.loads((folder / "model_index.json").read_text())
    there = {part for part, value in index.items() if part[0] != "_" and value != [None, None]}
    assert there == {path.name for path in folder.iterdir() if path.is_dir()}


def test_the_weights_are_those_asked_for_and_always_the_same(small_models: SmallModels) -> None:
    state = torch.get_rng_state()
    first, second = small_models.module("clip"), small_models.module("clip")
    assert all(map(torch.equal, first.parameters(), second.parameters()))
    assert torch.equal(state, torch.get_rng_state()), "nothing is drawn that others draw from"
    folder = small_models.part("clip", dtype="bfloat16", variant="bf16")
    stored = load_file(folder / "model.bf16.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.bfloat16}

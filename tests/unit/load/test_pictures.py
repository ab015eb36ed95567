"""A pipeline of parts that were loaded one by one draws the picture that diffusers draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from modelkeep.load.loaders.folder import LOADER
from modelkeep.load.precision import Precision
from modelkeep.load.tensors import TensorReader
from support.loading_folders import files_of
from support.small_models import PIPELINES, SmallModels

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def picture(pipeline: Any) -> torch.Tensor:
    pipeline.set_progress_bar_config(disable=True)
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            # Torch takes other ways, with another last bit, where gradients might be wanted.
            part.requires_grad_(requires_grad=False)
    drawn = pipeline(
        "a b",
        num_inference_steps=2,
        height=16,
        width=16,
        output_type="pt",
        generator=torch.Generator().manual_seed(3),
    )
    images: torch.Tensor = drawn.images
    return images


def loaded(folder: Path, part: str, *, is_mapped: bool) -> Any:
    """Load a part; the last bit of a picture follows how its tensors stand in memory."""
    plan = LOADER.plan(files_of(folder), part)
    return LOADER.make(plan, TensorReader(may_map=lambda *_: is_mapped), Precision.FLOAT32)


@pytest.mark.parametrize(("name", "is_mapped"), [("sd1", False), ("sd2", True), ("flux", False)])
def test_pictures_are_equal_bit_for_bit(
    small_models: SmallModels, name: str, *, is_mapped: bool
) -> None:
    import diffusers

    kind = getattr(diffusers, PIPELINES[name][0])
    folder = small_models.pipeline(name)
    theirs = picture(kind.from_pretrained(folder))
    there = LOADER.parts(files_of(folder))
    parts = {
        part: loaded(folder, part, is_mapped=is_mapped) if part in there else None
        for part in PIPELINES[name][1]
    }
    assert torch.equal(picture(kind(**parts)), theirs)
    assert theirs.shape == (1, 3, 16, 16)
    assert theirs.std() > 0

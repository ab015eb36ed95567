"""ControlNets and adapters that classes of diffusers make, and those that programs pickle."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import Shapes
from support.meta_models import class_shapes
from unit.identification.cases import file
from unit.identification.of_family.image_adapters import motion
from unit.identification.of_family.upscalers import UPSCALERS


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config", "kind", "base"),
    [
        ("ControlNetModel", {"cross_attention_dim": 768}, "controlnet", "sd-1"),
        ("ControlNetXSAdapter", {}, "controlnet", "sd-2"),
        ("ControlNetXSAdapter", {"cross_attention_dim": 2048}, "controlnet", "sdxl"),
        ("FluxControlNetModel", {}, "controlnet", "flux"),
        ("QwenImageControlNetModel", {}, "controlnet", "qwen-image"),
        ("SD3ControlNetModel", {}, "controlnet", "sd-3"),
        ("SanaControlNetModel", {}, "controlnet", "sana"),
        ("CosmosControlNetModel", {}, "controlnet", "cosmos"),
        ("SparseControlNetModel", {}, "controlnet", "sd-1"),
        ("MotionAdapter", {}, "motion_module", "sd-1"),
        ("MotionAdapter", {"block_out_channels": (320, 640, 1280), "use_motion_mid_block": False},
         "motion_module", "sdxl"),
        ("T2IAdapter", {"adapter_type": "full_adapter_xl", "downscale_factor": 16},
         "t2i_adapter", "sdxl"),
    ],
)  # fmt: skip
def test_the_part_of_a_class(
    name: str, config: Mapping[str, Any], kind: str, base: str, tmp_path: Path
) -> None:
    shapes = class_shapes(f"diffusers.{name}", config)

    found = identify(file(partial(dict, shapes))(tmp_path))

    assert (found.type, found.base) == (kind, base)


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("esrgan", 4),
        ("real-esrgan", 2),
        ("compact", 4),
        ("span", 4),
        ("swinir", 4),
        ("swin2sr", 2),
        ("rcan", 4),
    ],
)
def test_an_upscaler_says_how_much_it_enlarges(name: str, scale: int, tmp_path: Path) -> None:
    found = identify(file(partial(dict, UPSCALERS[name]))(tmp_path))

    assert any(f"enlarges pictures x{scale}:" in one.detail for one in found.evidence)


def test_a_whole_unet_with_motion_modules_is_none_alone(tmp_path: Path) -> None:
    shapes: Shapes = motion(4, 32, diffusers=True) | {"conv_in.weight": (320, 4, 3, 3)}

    with pytest.raises(UnknownModelError):
        identify(file(partial(dict, shapes))(tmp_path))


@pytest.mark.torch
@pytest.mark.parametrize(("context", "base"), [(768, "sd-1"), (1024, "sd-2")])
def test_a_hypernetwork_as_a1111_saves_it(context: int, base: str, tmp_path: Path) -> None:
    import torch

    def network(width: int) -> dict[str, torch.Tensor]:
        return {
            "linear.0.weight": torch.zeros(width * 2, width),
            "linear.0.bias": torch.zeros(width * 2),
            "linear.1.weight": torch.zeros(width, width * 2),
        }

    state: dict[Any, Any] = {
        width: (network(width), network(width)) for width in (320, 640, context, 1280)
    }
    state |= {"step": 1000, "name": "anime", "layer_structure": [1, 2, 1], "use_dropout": False}
    torch.save(state, tmp_path / "anime.pt")

    found = identify(tmp_path / "anime.pt")

    assert (found.type, found.base) == ("hypernetwork", base)

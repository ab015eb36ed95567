"""VAEs that classes of diffusers make at full size, and those that look alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.engine import identify
from sample_models import Shapes, typed, write_safetensors
from support.meta_models import class_shapes
from unit.identification.cases import file, folder, plain
from unit.identification.of_family.vaes import taehv, wan_vae

_LEVELS = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
_KL = {
    **_LEVELS,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
_DC = {
    "latent_channels": 32,
    "attention_head_dim": 32,
    "encoder_block_types": ("ResBlock",) * 3 + ("EfficientViTBlock",) * 3,
    "decoder_block_types": ("ResBlock",) * 3 + ("EfficientViTBlock",) * 3,
    "encoder_block_out_channels": (128, 256, 512, 512, 1024, 1024),
    "decoder_block_out_channels": (128, 256, 512, 512, 1024, 1024),
    "encoder_layers_per_block": (2, 2, 2, 3, 3, 3),
    "decoder_layers_per_block": (3,) * 6,
    "encoder_qkv_multiscales": ((), (), (), (5,), (5,), (5,)),
    "decoder_qkv_multiscales": ((), (), (), (5,), (5,), (5,)),
    "upsample_block_type": "interpolate",
    "downsample_block_type": "conv",
}
_HUNYUAN_IMAGE = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 64,
    "block_out_channels": (128, 256, 512, 512, 1024, 1024),
    "layers_per_block": 2,
    "spatial_compression_ratio": 32,
    "sample_size": 384,
}
_WAN_22 = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
}


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config", "file_name", "base"),
    [
        ("AutoencoderKL", _KL, "some-model", "sd-1"),
        ("AutoencoderKL", _KL, "sdxl_vae", "sdxl"),
        ("AutoencoderKL", _KL | {"latent_channels": 16}, "ae", "flux"),
        ("AutoencoderTiny", {}, "some-model", "sd-1"),
        ("AutoencoderTiny", {"latent_channels": 16}, "taef1", "flux"),
        (
            "AsymmetricAutoencoderKL",
            {
                "down_block_out_channels": (128, 256, 512, 512),
                "up_block_out_channels": (192, 384, 768, 768),
                "down_block_types": ("DownEncoderBlock2D",) * 4,
                "up_block_types": ("UpDecoderBlock2D",) * 4,
            },
            "some-model",
            "sd-1",
        ),
        ("AutoencoderDC", _DC, "some-model", "sana"),
        ("AutoencoderKLAllegro", {}, "some-model", "allegro"),
        ("AutoencoderKLCogVideoX", {}, "some-model", "cogvideox"),
        ("AutoencoderKLCosmos", {}, "some-model", "cosmos"),
        ("AutoencoderKLFlux2", {}, "some-model", "flux2"),
        ("AutoencoderKLHunyuanImage", _HUNYUAN_IMAGE, "some-model", "hunyuan-image"),
        ("AutoencoderKLHunyuanImageRefiner", {}, "hunyuanimage-refiner", "hunyuan-image"),
        ("AutoencoderKLHunyuanVideo", {}, "some-model", "hunyuan-video"),
        ("AutoencoderKLHunyuanVideo15", {}, "hunyuanvideo15", "hunyuan-video"),
        ("AutoencoderKLLTXVideo", {}, "some-model", "ltx-video"),
        ("AutoencoderKLLTX2Video", {}, "some-model", "ltx-video"),
        ("LTX2VideoDiffusionDecoderModel", {}, "some-model", "ltx-video"),
        ("AutoencoderKLMagvit", {}, "some-model", "easyanimate"),
        ("AutoencoderKLMiniMaxH3", {}, "some-model", "minimax-h3"),
        ("AutoencoderKLMochi", {}, "some-model", "mochi"),
        ("AutoencoderKLQwenImage", {}, "qwen-image-vae", "qwen-image"),
        ("AutoencoderKLQwenImage21", {}, "some-model", "qwen-image-2"),
        ("AutoencoderKLTemporalDecoder", _LEVELS | {"down_block_types": _KL["down_block_types"]},
         "some-model", "svd"),
        ("AutoencoderKLWan", {}, "wan-vae", "wan"),
        ("AutoencoderKLWan", _WAN_22, "some-model", "wan"),
        ("ConsistencyDecoderVAE", {}, "some-model", "sd-1"),
        ("Kandinsky6SRVAE", {}, "some-model", "kandinsky6"),
    ],
)  # fmt: skip
def test_the_vae_of_a_class(
    name: str, config: Mapping[str, Any], file_name: str, base: str, tmp_path: Path
) -> None:
    shapes = class_shapes(f"diffusers.{name}", config)

    found = identify(write_safetensors(tmp_path / f"{file_name}.safetensors", typed(shapes)))

    assert (found.type, found.base, found.variant) == ("vae", base, None)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("AutoencoderKLKVAE", {}),
        ("AutoencoderKLKVAEVideo", {}),
        ("AutoencoderVidTok", {}),
        ("AutoencoderRAE", {}),
        ("VQModel", {}),
        ("AutoencoderDC", _DC | {"latent_channels": 128}),
    ],
)
def test_the_vae_of_no_base_is_unknown(
    name: str, config: Mapping[str, Any], tmp_path: Path
) -> None:
    shapes = class_shapes(f"diffusers.{name}", config)

    with pytest.raises(UnknownModelError):
        identify(write_safetensors(tmp_path / "m.safetensors", typed(shapes)))


@pytest.mark.parametrize(
    ("shapes", "bases"),
    [
        (wan_vae(), {"wan", "qwen-image"}),
        (wan_vae(16, 4), {"qwen-image", "ming-image"}),
        (taehv(16), {"wan", "hunyuan-video", "cogvideox"}),
    ],
)
def test_two_bases_with_one_vae_are_both_named(
    shapes: Shapes, bases: set[str], tmp_path: Path
) -> None:
    with pytest.raises(AmbiguousModelError) as caught:
        identify(file(partial(dict, shapes))(tmp_path))

    assert set(caught.value.candidates) == bases


@pytest.mark.parametrize(
    "config",
    [
        {"_class_name": "AutoencoderKL", "latent_channels": 4, "scaling_factor": 0.7},
        {
            "_class_name": "AutoencoderKL",
            "latent_channels": 16,
            "scaling_factor": 1.0,
            "block_out_channels": [64, 128],
        },
        {"_class_name": "AutoencoderKLKVAEVideo"},
        {"_class_name": "VQModel"},
        {"_class_name": "AutoencoderDC", "latent_channels": 128},
    ],
)
def test_vae_folders_of_no_base_are_unknown(config: dict[str, Any], tmp_path: Path) -> None:
    weights = {"diffusion_pytorch_model.safetensors": plain}

    with pytest.raises(UnknownModelError):
        identify(folder({"config.json": config}, weights)(tmp_path))


def test_the_vae_of_playground_is_one_of_sdxl(tmp_path: Path) -> None:
    config = {"_class_name": "AutoencoderKL", "latent_channels": 4, "scaling_factor": 0.5}
    made = folder({"config.json": config}, {"diffusion_pytorch_model.safetensors": plain})

    assert identify(made(tmp_path)).base == "sdxl"

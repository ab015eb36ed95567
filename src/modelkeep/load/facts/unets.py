"""U-Nets and ControlNets of Stable Diffusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.identification.prefixes import CONTROL, DENOISER
from modelkeep.load.facts.family_facts import PartFacts
from modelkeep.load.facts.spelling import Spelling

_DOWN, _DOWN_CROSS = "DownBlock2D", "CrossAttnDownBlock2D"
_UP, _UP_CROSS = "UpBlock2D", "CrossAttnUpBlock2D"

#: What U-Nets and ControlNets have in common. ``attention_head_dim`` is a number of heads: the
#: class has called it so from the beginning.
_SD1: Mapping[str, Any] = {
    "attention_head_dim": 8,
    "block_out_channels": [320, 640, 1280, 1280],
    "cross_attention_dim": 768,
    "down_block_types": [_DOWN_CROSS, _DOWN_CROSS, _DOWN_CROSS, _DOWN],
    "in_channels": 4,
    "layers_per_block": 2,
}
_SD2: Mapping[str, Any] = {
    **_SD1,
    "attention_head_dim": [5, 10, 20, 20],
    "cross_attention_dim": 1024,
    "use_linear_projection": True,
}
_SIZES: Mapping[str, Any] = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "in_channels": 4,
    "layers_per_block": 2,
    "use_linear_projection": True,
}
_SDXL: Mapping[str, Any] = {
    **_SIZES,
    "attention_head_dim": [5, 10, 20],
    "block_out_channels": [320, 640, 1280],
    "cross_attention_dim": 2048,
    "down_block_types": [_DOWN, _DOWN_CROSS, _DOWN_CROSS],
    "projection_class_embeddings_input_dim": 2816,
    "transformer_layers_per_block": [1, 2, 10],
}
_REFINER: Mapping[str, Any] = {
    **_SIZES,
    "attention_head_dim": [6, 12, 24, 24],
    "block_out_channels": [384, 768, 1536, 1536],
    "cross_attention_dim": 1280,
    "down_block_types": [_DOWN, _DOWN_CROSS, _DOWN_CROSS, _DOWN],
    "projection_class_embeddings_input_dim": 2560,
    "transformer_layers_per_block": 4,
}
_UP_THREE_CROSS: Mapping[str, Any] = {
    "up_block_types": [_UP, _UP_CROSS, _UP_CROSS, _UP_CROSS],
    "sample_size": 64,
}

SD1_UNET: Mapping[str, Any] = {**_SD1, **_UP_THREE_CROSS}
SD2_UNET: Mapping[str, Any] = {**_SD2, **_UP_THREE_CROSS}
SDXL_UNET: Mapping[str, Any] = {
    **_SDXL,
    "sample_size": 128,
    "up_block_types": [_UP_CROSS, _UP_CROSS, _UP],
}
REFINER_UNET: Mapping[str, Any] = {
    **_REFINER,
    "sample_size": 128,
    "up_block_types": [_UP, _UP_CROSS, _UP_CROSS, _UP],
}

#: By base; those of SDXL also come in smaller sizes.
CONTROLNETS: Mapping[str, Mapping[str, Any]] = {
    base: {**config, "conditioning_embedding_out_channels": [16, 32, 96, 256]}
    for base, config in (("sd-1", _SD1), ("sd-2", _SD2), ("sdxl", _SDXL))
}

_UNET_SPELLINGS = (
    Spelling(
        "input_blocks.0.0.weight",
        "ldm_unet",
        dims={"in_channels": ("input_blocks.0.0.weight", 1), "out_channels": ("out.2.weight", 0)},
    ),
    Spelling(
        "conv_in.weight",
        dims={
            "in_channels": ("conv_in.weight", 1),
            "out_channels": ("conv_out.weight", 0),
            "time_cond_proj_dim": ("time_embedding.cond_proj.weight", 1),
        },
    ),
)
_CONTROLNET_SPELLINGS = (
    Spelling(
        "input_hint_block.0.weight",
        "ldm_controlnet",
        dims={
            "in_channels": ("input_blocks.0.0.weight", 1),
            "conditioning_channels": ("input_hint_block.0.weight", 1),
        },
    ),
    Spelling(
        "controlnet_cond_embedding.conv_in.weight",
        dims={
            "in_channels": ("conv_in.weight", 1),
            "conditioning_channels": ("controlnet_cond_embedding.conv_in.weight", 1),
            "num_control_type": ("task_embedding", 0),
        },
    ),
)


def unet(
    config: Mapping[str, Any], predicting: Mapping[str, Mapping[str, Any]] | None = None
) -> PartFacts:
    """Return the facts of a U-Net.

    Args:
        config: Settings of the class.
        predicting: Those that differ in models of a prediction type.
    """
    return PartFacts(
        "unet",
        "diffusers",
        "UNet2DConditionModel",
        config,
        DENOISER,
        _UNET_SPELLINGS,
        predicting=predicting or {},
    )


def controlnet(config: Mapping[str, Any]) -> PartFacts:
    """Return the facts of a ControlNet."""
    return PartFacts("", "diffusers", "ControlNetModel", config, CONTROL, _CONTROLNET_SPELLINGS)

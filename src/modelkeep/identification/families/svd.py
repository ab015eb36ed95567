"""Stable Video Diffusion: known by name, and distinguished from the U-Nets of images."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="svd",
    base=BaseModelType.StableVideoDiffusion,
    label="SVD",
    sites={"civitai": ("SVD", "SVD XT")},
    declared=("stable-video", "svd"),
    kin="unet",
    marks=Marks(
        tensors=(
            Has("input_blocks.1.1.time_stack.0.norm1.weight"),
            Has("input_blocks.1.1.time_mixer.mix_factor"),
            Has("down_blocks.0.attentions.0.temporal_transformer_blocks.0.norm1.weight"),
        ),
        modules=(Module("*_temporal_transformer_blocks_*"), Module("*_time_stack_*")),
    ),
)

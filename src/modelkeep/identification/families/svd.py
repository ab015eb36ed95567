"""Stable Video Diffusion and SV3D: the U-Net of SD 2 with layers of time."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ConfigValue,
    Dim,
    Has,
    Module,
    NameHint,
    TextContext,
)
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    main_folder,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.StableVideoDiffusion
_STACK = Has("input_blocks.1.1.time_stack.0.norm1.weight")
_TEMPORAL = Has("down_blocks.0.attentions.0.temporal_transformer_blocks.0.norm1.weight")
#: 25 pictures instead of 14: the tensors are the same.
_LONGER = NameHint(r"\bxt\b|\b25 ?frames?\b")
_UNET = ("unet", "")


def _times(width: int) -> Dim:
    return Dim("label_emb.0.0.weight", 1, (width,), "width of what it is told about the video")


FAMILY = Family(
    name="svd",
    base=_BASE,
    label="SVD",
    words=("SVD XT", "SV3D"),
    sites={"civitai": ("SVD", "SVD XT")},
    declared=("stable-video", "svd", "sv3d"),
    kin="unet",
    marks=Marks(
        tensors=(_STACK, Has("input_blocks.1.1.time_mixer.mix_factor"), _TEMPORAL),
        modules=(Module("*_temporal_transformer_blocks_*"), Module("*_time_stack_*")),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            _STACK,
            Has("input_blocks.0.0.weight", "output_blocks.0.0.in_layers.0.weight"),
            variants=(
                Variant("sv3d-u", (_times(256),)),
                Variant("sv3d-p", (_times(1280),)),
                Variant("xt", (_LONGER,)),
                Variant("normal"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            _TEMPORAL,
            Has("conv_in.weight", "conv_norm_out.weight"),
            variants=(Variant("xt", (_LONGER,)), Variant("normal")),
        ),
        main_folder(
            _BASE,
            ("StableVideoDiffusion*",),
            ("UNetSpatioTemporalConditionModel",),
            variants=(
                Variant("xt", (ConfigValue(_UNET, "num_frames", (25,)),)),
                Variant("normal"),
            ),
        ),
        *adapters(
            _BASE,
            AnyOf(TextContext(1024), TextContext(None)),
            AnyOf(
                Module("down_blocks_#_attentions_#_temporal_transformer_blocks_*"),
                Module("up_blocks_#_attentions_#_temporal_transformer_blocks_*"),
                Module("mid_block_attentions_#_temporal_transformer_blocks_*"),
                Module("input_blocks_#_#_time_stack_*"),
                Module("output_blocks_#_#_time_stack_*"),
                Module("middle_block_#_time_stack_*"),
            ),
        ),
    ),
)

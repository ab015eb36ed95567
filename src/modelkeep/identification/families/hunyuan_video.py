"""HunyuanVideo: known by name, and distinguished from FLUX.1."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllBlocks, Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="hunyuan-video",
    base=BaseModelType.HunyuanVideo,
    label="HunyuanVideo",
    sites={"civitai": ("Hunyuan Video",)},
    declared=("hunyuan-video", "hunyuan_video", "hunyuanvideo"),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("vision_in.proj.0.weight"),
            Has(
                "txt_in.individual_token_refiner.blocks.0.norm1.weight", "vector_in.in_layer.weight"
            ),
        ),
        modules=(
            AllBlocks("double_blocks", 20),
            AllBlocks("transformer_blocks", 20),
            Module("double_blocks_#_img_mlp_fc*"),
            Module("double_blocks_#_img_mod_linear"),
            Module("single_blocks_#_modulation_linear"),
        ),
    ),
)

"""Qwen-Image: known by name, and distinguished from FLUX.1."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllBlocks, Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="qwen-image",
    base=BaseModelType.QwenImage,
    label="Qwen-Image",
    sites={"civitai": ("Qwen",)},
    declared=("qwen", "qwenimage"),
    kin="flux",
    marks=Marks(
        tensors=(Has("txt_norm.weight", "transformer_blocks.0.img_mod.1.weight"),),
        modules=(
            AllBlocks("transformer_blocks", 60),
            Module("transformer_blocks_#_img_m*"),
            Module("transformer_blocks_#_txt_m*"),
        ),
    ),
)

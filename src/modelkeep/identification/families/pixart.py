"""PixArt: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="pixart",
    base=BaseModelType.PixArt,
    label="PixArt",
    sites={"civitai": ("PixArt a", "PixArt E")},
    declared=("pixart",),
    marks=Marks(
        tensors=(Has("t_block.1.weight"),),
        modules=(Module("transformer_blocks_#_attn2_to_k", (1152,)),),
    ),
)

"""Ovis-Image: distinguished from FLUX.1 by its gated feed-forward."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="ovis-image",
    base=BaseModelType.OvisImage,
    label="Ovis-Image",
    kin="flux",
    marks=Marks(
        tensors=(Has("double_blocks.0.img_mlp.gate_proj.weight"),),
        modules=(Module("double_blocks_#_img_mlp_gate*"),),
    ),
)

"""Wan: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="wan",
    base=BaseModelType.Wan,
    label="Wan",
    declared=("wan", "wanvideo"),
    marks=Marks(
        tensors=(Has("head.modulation"),),
        modules=(
            Module("blocks_#_cross_attn_k"),
            Module("blocks_#_self_attn_q"),
            Module("blocks_#_attn2_to_q", (1536, 3072, 5120)),
        ),
    ),
)

"""Anima: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="anima",
    base=BaseModelType.Anima,
    label="Anima",
    declared=("anima",),
    marks=Marks(
        tensors=(Has("llm_adapter.blocks.0.*"),), modules=(Module("blocks_#_self_attn_q_proj"),)
    ),
)

"""Hunyuan-DiT: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="hunyuan-dit",
    base=BaseModelType.HunyuanDiT,
    label="Hunyuan-DiT",
    sites={"civitai": ("Hunyuan 1",)},
    declared=("hunyuan-dit", "hunyuandit", "hydit"),
    marks=Marks(
        tensors=(Has("mlp_t5.0.weight"),), modules=(Module("blocks_#_attn2_to_k", (1024,)),)
    ),
)

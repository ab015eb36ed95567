"""AuraFlow, and Pony V7: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="auraflow",
    base=BaseModelType.AuraFlow,
    label="AuraFlow",
    sites={"civitai": ("AuraFlow", "Pony V7")},
    declared=("auraflow",),
    kin="flux",
    marks=Marks(
        tensors=(Has("cond_seq_linear.weight"),), modules=(Module("joint_transformer_blocks_*"),)
    ),
)

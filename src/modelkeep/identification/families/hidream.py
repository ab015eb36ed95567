"""HiDream: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="hidream",
    base=BaseModelType.HiDream,
    label="HiDream",
    sites={"civitai": ("HiDream",)},
    declared=("hidream",),
    marks=Marks(
        tensors=(Has("caption_projection.0.linear.weight", "double_stream_blocks.0.*"),),
        modules=(Module("double_stream_blocks_*"),),
    ),
)

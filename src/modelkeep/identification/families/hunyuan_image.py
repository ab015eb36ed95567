"""HunyuanImage: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="hunyuan-image",
    base=BaseModelType.HunyuanImage,
    label="HunyuanImage",
    declared=("hunyuan-image",),
)

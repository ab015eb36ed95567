"""Hunyuan-DiT: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="hunyuan-dit",
    base=BaseModelType.HunyuanDiT,
    label="Hunyuan-DiT",
    sites={"civitai": ("Hunyuan 1",)},
    declared=("hunyuan-dit", "hunyuandit", "hydit"),
)

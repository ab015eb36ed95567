"""HiDream: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="hidream",
    base=BaseModelType.HiDream,
    label="HiDream",
    sites={"civitai": ("HiDream",)},
    declared=("hidream",),
)

"""PixArt: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="pixart",
    base=BaseModelType.PixArt,
    label="PixArt",
    sites={"civitai": ("PixArt a", "PixArt E")},
    declared=("pixart",),
)

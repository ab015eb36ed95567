"""Lumina 2: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="lumina2",
    base=BaseModelType.Lumina2,
    label="Lumina 2",
    sites={"civitai": ("Lumina",)},
    declared=("lumina",),
)

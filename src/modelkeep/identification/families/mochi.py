"""Mochi: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="mochi",
    base=BaseModelType.Mochi,
    label="Mochi",
    sites={"civitai": ("Mochi",)},
    declared=("mochi",),
    marks=Marks(tensors=(Has("t5_yproj.weight"),)),
)

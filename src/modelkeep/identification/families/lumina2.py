"""Lumina 2: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="lumina2",
    base=BaseModelType.Lumina2,
    label="Lumina 2",
    sites={"civitai": ("Lumina",)},
    declared=("lumina",),
    marks=Marks(tensors=(Dim("cap_embedder.1.weight", 1, (2304,), "the width of the text"),)),
)

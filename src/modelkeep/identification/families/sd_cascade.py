"""Stable Cascade: known by name and by its marks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="sd-cascade",
    base=BaseModelType.StableCascade,
    label="Stable Cascade",
    sites={"civitai": ("Stable Cascade",)},
    declared=("stable-cascade",),
    marks=Marks(tensors=(Has("clf.1.weight", "clip_mapper.weight"), Has("clip_txt_mapper.weight"))),
)

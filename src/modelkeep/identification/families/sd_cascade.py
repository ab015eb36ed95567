"""Stable Cascade: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="sd-cascade",
    base=BaseModelType.StableCascade,
    label="Stable Cascade",
    sites={"civitai": ("Stable Cascade",)},
    declared=("stable-cascade",),
)

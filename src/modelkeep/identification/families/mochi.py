"""Mochi: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="mochi",
    base=BaseModelType.Mochi,
    label="Mochi",
    sites={"civitai": ("Mochi",)},
    declared=("mochi",),
)

"""LongCat: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="longcat",
    base=BaseModelType.LongCat,
    label="LongCat",
    declared=("longcat",),
    kin="flux",
)

"""Anima: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="anima",
    base=BaseModelType.Anima,
    label="Anima",
    declared=("anima",),
)

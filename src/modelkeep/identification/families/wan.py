"""Wan: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="wan",
    base=BaseModelType.Wan,
    label="Wan",
    declared=("wan", "wanvideo"),
)

"""Kolors: known by name, and distinguished from SDXL."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="kolors",
    base=BaseModelType.Kolors,
    label="Kolors",
    sites={"civitai": ("Kolors",)},
    declared=("kolors",),
    kin="unet",
    marks=Marks(tensors=(Has("encoder_hid_proj.weight"),), modules=(Module("encoder_hid_proj"),)),
)

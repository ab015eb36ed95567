"""Chroma: known by name, and distinguished from FLUX.1, which it was made from."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.family import Family, Marks

FAMILY = Family(
    name="chroma",
    base=BaseModelType.Chroma,
    label="Chroma",
    sites={"civitai": ("Chroma",)},
    declared=("chroma",),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("distilled_guidance_layer.norms.0.scale"),
            Has("distilled_guidance_layer.norms.0.weight"),
            Has("distilled_guidance_layer.layers.0.in_layer.weight"),
            Has("nerf_blocks.0.norm.scale"),
        ),
        modules=(Module("distilled_guidance_layer_*"),),
    ),
)

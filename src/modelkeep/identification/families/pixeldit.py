"""PixelDiT: images from text without an autoencoder."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Lacks
from modelkeep.identification.families._transformers import ORIGINAL, main_file, main_folder
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import DENOISER, Part

_BASE = BaseModelType.PixelDiT
#: Its denoiser is the core of a larger module.
CORE: Part = (*DENOISER, *(f"{prefix}core." for prefix in DENOISER))

FAMILY = Family(
    name="pixeldit",
    base=_BASE,
    label="PixelDiT",
    declared=("pixeldit",),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("pixel_embedder.proj.weight", "s_embedder.proj.weight", "y_embedder.proj.weight"),
            Has("pixel_blocks.0.attn.q_norm.weight", "final_layer.linear.weight"),
            Lacks("lq_proj.*", "y_embedder.layer_pool.weight"),
            part=CORE,
        ),
        main_folder(_BASE, ("PixelDiT*Pipeline",), ("PixelDiT*",)),
    ),
)

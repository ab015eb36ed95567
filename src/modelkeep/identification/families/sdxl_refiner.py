"""The SDXL refiner."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, EmbeddingFor, Module, TextContext
from modelkeep.identification.families._adapters import (
    DEEP,
    NO_CONTEXT,
    declared_unet,
    embeddings,
    unet_adapters,
)
from modelkeep.identification.families._unets import EPSILON, UNetShape, UNetVariant, mains
from modelkeep.identification.family import Family, Predictions

_BASE = BaseModelType.StableDiffusionXLRefiner

FAMILY = Family(
    name="sdxl-refiner",
    base=_BASE,
    label="SDXL refiner",
    declared=("stable-diffusion-xl-v1-refiner",),
    kin="unet",
    predictions=Predictions(usual={"": EPSILON}),
    rules=(
        *mains(
            UNetShape(
                _BASE,
                context=1280,
                ldm_blocks=("input_blocks.4.1",),
                diffusers_block="down_blocks.1.attentions.0",
                small_block=None,
                extra=2560,
            ),
            UNetVariant("normal", 4, {None: "sd_xl_refiner.yaml"}),
        ),
        *unet_adapters(
            _BASE,
            TextContext(1280),
            AllOf(NO_CONTEXT, DEEP, Module("*attn1_to_*", (768, 1536))),
            declared_unet(_BASE),
            before=("sdxl",),
        ),
        *embeddings(_BASE, EmbeddingFor(text=1280)),
    ),
)

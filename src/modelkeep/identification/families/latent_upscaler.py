"""The x2 latent upscaler of Stable Diffusion, which has a U-Net of its own."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import PipelineClass
from modelkeep.identification.family import Family
from modelkeep.identification.rules import Rule

FAMILY = Family(
    name="latent-upscaler",
    base=BaseModelType.Any,
    rules=(
        Rule(
            name="latent upscaler, folder",
            type=ModelType.Upscaler,
            base=BaseModelType.Any,
            format=ModelFormat.Diffusers,
            requires=(PipelineClass("StableDiffusionLatentUpscalePipeline"),),
        ),
    ),
)

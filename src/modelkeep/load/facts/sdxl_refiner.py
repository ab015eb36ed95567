"""The SDXL refiner, which has the second text encoder alone."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.load.facts.autoencoders import vae
from modelkeep.load.facts.family_facts import FamilyFacts
from modelkeep.load.facts.schedulers import EULER
from modelkeep.load.facts.text_encoders import OPEN_CLIP_G, clip_tokenizer, clip_with_projection
from modelkeep.load.facts.unets import REFINER_UNET, unet

_TEXT = (
    "conditioner.embedders.0.model.",
    "text_encoders.clip_g.transformer.",
    "text_encoder_2.",
)

FAMILY = FamilyFacts(
    base=BaseModelType.StableDiffusionXLRefiner,
    denoiser=unet(REFINER_UNET),
    others=(
        vae("sdxl-refiner"),
        clip_with_projection("text_encoder_2", OPEN_CLIP_G, _TEXT),
    ),
    tokenizers=(clip_tokenizer("tokenizer_2", pad="!"),),
    schedulers={"": EULER},
)

"""Stable Diffusion XL."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.load.facts.autoencoders import vae
from modelkeep.load.facts.family_facts import FamilyFacts
from modelkeep.load.facts.schedulers import EDM_EULER, EDM_SOLVER, EULER
from modelkeep.load.facts.text_encoders import (
    CLIP_L,
    OPEN_CLIP_G,
    clip,
    clip_tokenizer,
    clip_with_projection,
)
from modelkeep.load.facts.unets import SDXL_UNET, unet

_FIRST = (
    "conditioner.embedders.0.transformer.",
    "text_encoders.clip_l.transformer.",
    "text_encoder.",
)
_SECOND = (
    "conditioner.embedders.1.model.",
    "text_encoders.clip_g.transformer.",
    "text_encoder_2.",
)

FAMILY = FamilyFacts(
    base=BaseModelType.StableDiffusionXL,
    denoiser=unet(SDXL_UNET),
    others=(
        vae("sdxl"),
        clip("text_encoder", CLIP_L, _FIRST),
        clip_with_projection("text_encoder_2", OPEN_CLIP_G, _SECOND),
    ),
    tokenizers=(clip_tokenizer("tokenizer"), clip_tokenizer("tokenizer_2", pad="!")),
    schedulers={"": EULER, "edm_mean": EDM_SOLVER, "edm_vpred.sigma_max": EDM_EULER},
)

"""Stable Diffusion 1."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.load.facts.autoencoders import vae
from modelkeep.load.facts.family_facts import FamilyFacts
from modelkeep.load.facts.schedulers import DDIM, PNDM
from modelkeep.load.facts.text_encoders import CLIP_L, clip, clip_tokenizer
from modelkeep.load.facts.unets import SD1_UNET, unet

_TEXT = ("cond_stage_model.transformer.", "text_encoders.clip_l.transformer.", "text_encoder.")

FAMILY = FamilyFacts(
    base=BaseModelType.StableDiffusion1,
    denoiser=unet(SD1_UNET),
    others=(vae("sd-1"), clip("text_encoder", CLIP_L, _TEXT)),
    tokenizers=(clip_tokenizer("tokenizer"),),
    schedulers={"": PNDM, "inpaint": DDIM, "ztsnr": DDIM},
)

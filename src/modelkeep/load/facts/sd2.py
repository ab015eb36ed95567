"""Stable Diffusion 2."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.load.facts.autoencoders import vae
from modelkeep.load.facts.family_facts import FamilyFacts
from modelkeep.load.facts.schedulers import DDIM_V, PNDM
from modelkeep.load.facts.text_encoders import OPEN_CLIP_H, clip, clip_tokenizer
from modelkeep.load.facts.unets import SD2_UNET, unet

_TEXT = (
    "cond_stage_model.model.",
    "cond_stage_model.transformer.",
    "text_encoders.clip_h.transformer.",
    "text_encoder.",
)

FAMILY = FamilyFacts(
    base=BaseModelType.StableDiffusion2,
    denoiser=unet(SD2_UNET, {"v_prediction": {"sample_size": 96}}),
    others=(
        vae("sd-2"),
        clip("text_encoder", OPEN_CLIP_H, _TEXT, "transformer.resblocks.23."),
    ),
    tokenizers=(clip_tokenizer("tokenizer", pad="!"),),
    schedulers={"": DDIM_V, "ztsnr": DDIM_V, "epsilon": PNDM, "inpaint": PNDM, "depth": PNDM},
    refused=frozenset({"upscale"}),
)

"""FLUX.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.prefixes import DENOISER
from modelkeep.load.facts.autoencoders import vae
from modelkeep.load.facts.family_facts import FamilyFacts, PartFacts
from modelkeep.load.facts.schedulers import FLOW, FLOW_DYNAMIC
from modelkeep.load.facts.spelling import Spelling
from modelkeep.load.facts.text_encoders import (
    CLIP_L,
    clip,
    clip_tokenizer,
    t5,
    t5_tokenizer,
)

_TRANSFORMER: Mapping[str, Any] = {
    "attention_head_dim": 128,
    "guidance_embeds": True,
    "in_channels": 64,
    "joint_attention_dim": 4096,
    "num_attention_heads": 24,
    "num_layers": 19,
    "num_single_layers": 38,
    "patch_size": 1,
    "pooled_projection_dim": 768,
}
_SPELLINGS = (
    Spelling(
        "double_blocks.0.img_attn.qkv.weight",
        "flux",
        dims={
            "in_channels": ("img_in.weight", 1),
            "out_channels": ("final_layer.linear.weight", 0),
        },
        counts={"num_layers": "double_blocks", "num_single_layers": "single_blocks"},
        marks={"guidance_embeds": "guidance_in.in_layer.weight"},
    ),
    Spelling(
        "single_transformer_blocks.0.attn.norm_q.weight",
        dims={"in_channels": ("x_embedder.weight", 1), "out_channels": ("proj_out.weight", 0)},
        counts={
            "num_layers": "transformer_blocks",
            "num_single_layers": "single_transformer_blocks",
        },
        marks={"guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight"},
    ),
)

_CLIP = ("text_encoders.clip_l.transformer.", "text_encoder.", "clip_l.transformer.")
_T5 = ("text_encoders.t5xxl.transformer.", "text_encoder_2.", "t5xxl.transformer.")

FAMILY = FamilyFacts(
    base=BaseModelType.Flux,
    denoiser=PartFacts(
        "transformer",
        "diffusers",
        "FluxTransformer2DModel",
        _TRANSFORMER,
        DENOISER,
        _SPELLINGS,
    ),
    others=(vae("flux"), clip("text_encoder", CLIP_L, _CLIP), t5("text_encoder_2", _T5)),
    tokenizers=(clip_tokenizer("tokenizer"), t5_tokenizer("tokenizer_2")),
    schedulers={"": FLOW_DYNAMIC, "schnell": FLOW},
)

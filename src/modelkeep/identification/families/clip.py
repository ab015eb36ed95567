"""CLIP: its text encoders, and both of its encoders in one file. They belong to no one base."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Dim,
    Has,
    Holds,
    Lacks,
    WithoutParts,
)
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import DENOISER_HEADS, TEXT
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
NO_PIPELINE = WithoutParts(
    *(*DENOISER_HEADS, "first_stage_model", "vae"),
    *("audio_encoder", "enc_to_dec_proj"),  # of MusicGen
)
NO_VISION = WithoutParts("vision_model", "visual")
_WIDTH = "the encoder's width"
_WIDTHS = (768, 1024, 1280)
CLIP_TEXT = AnyOf(
    AllOf(
        Dim("text_model.embeddings.token_embedding.weight", 1, _WIDTHS, _WIDTH),
        Has("text_model.encoder.layers.0.layer_norm1.weight"),
        Lacks("text_model.head.weight"),  # that of SigLIP
    ),
    AllOf(
        Dim("token_embedding.weight", 1, _WIDTHS, _WIDTH),
        Has("transformer.resblocks.0.attn.in_proj_weight"),
    ),
    # As newer versions of transformers call them.
    AllOf(
        Dim("embeddings.token_embedding.weight", 1, _WIDTHS, _WIDTH),
        Has("encoder.layers.0.layer_norm1.weight", "final_layer_norm.weight"),
        Lacks("head.weight", "embeddings.patch_embedding.weight"),
    ),
)

FAMILY = Family(
    name="clip",
    base=_ANY,
    rules=(
        Rule(
            name="clip text",
            type=ModelType.CLIPEmbed,
            base=_ANY,
            format=ModelFormat.Checkpoint,
            part=TEXT,
            requires=(CLIP_TEXT, NO_PIPELINE, NO_VISION),
        ),
        # As programs publish it: they take the text encoder out of it.
        Rule(
            name="clip text and vision",
            type=ModelType.CLIPEmbed,
            base=_ANY,
            format=ModelFormat.Checkpoint,
            part=TEXT,
            requires=(
                Holds(
                    "the vision encoder of CLIP too",
                    "vision_model.encoder.layers.0.layer_norm1.weight",
                    "visual.transformer.resblocks.0.attn.in_proj_weight",
                ),
                CLIP_TEXT,
                Has("logit_scale"),
                NO_PIPELINE,
            ),
        ),
        Rule(
            name="clip text, folder",
            type=ModelType.CLIPEmbed,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(ComponentClass("CLIPTextModel*"),),
        ),
    ),
)

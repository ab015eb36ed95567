"""CLIP text and vision encoders and T5: parts that belong to no one base."""

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
from modelkeep.identification.prefixes import DENOISER_HEADS, TEXT, Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
_NO_PIPELINE = WithoutParts(*DENOISER_HEADS, "first_stage_model", "vae")
_NO_VISION = WithoutParts("vision_model", "visual")
_WIDTH = "the encoder's width"
_VISION: Part = ("", "image_encoder.", "vision_tower.")
_CLIP_TEXT = AnyOf(
    AllOf(
        Dim("text_model.embeddings.token_embedding.weight", 1, (768, 1024, 1280), _WIDTH),
        Has("text_model.encoder.layers.0.layer_norm1.weight"),
    ),
    AllOf(
        Dim("token_embedding.weight", 1, (768, 1024, 1280), _WIDTH),
        Has("transformer.resblocks.0.attn.in_proj_weight"),
    ),
)
_T5 = (
    Has("encoder.block.0.layer.0.SelfAttention.k.weight"),
    # Here every layer but the first has no position bias of its own; UMT5's have.
    Lacks("encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"),
    Lacks("decoder.block.0.layer.0.SelfAttention.k.weight"),
    _NO_PIPELINE,
    _NO_VISION,
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
            requires=(_CLIP_TEXT, _NO_PIPELINE, _NO_VISION),
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
                _CLIP_TEXT,
                Has("logit_scale"),
                _NO_PIPELINE,
            ),
        ),
        Rule(
            name="clip text, folder",
            type=ModelType.CLIPEmbed,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(ComponentClass("CLIPTextModel*"),),
        ),
        Rule(
            name="clip vision",
            type=ModelType.CLIPVision,
            base=_ANY,
            format=ModelFormat.Checkpoint,
            part=_VISION,
            requires=(
                Has("vision_model.encoder.layers.0.layer_norm1.weight"),
                Has("vision_model.embeddings.patch_embedding.weight"),
                Lacks("text_model.encoder.layers.0.layer_norm1.weight"),
            ),
        ),
        Rule(
            name="clip vision, folder",
            type=ModelType.CLIPVision,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(ComponentClass("CLIPVisionModel*", "SiglipVisionModel"),),
        ),
        Rule(
            name="t5",
            type=ModelType.T5Encoder,
            base=_ANY,
            format=ModelFormat.Checkpoint,
            part=TEXT,
            requires=_T5,
        ),
        Rule(
            name="clip text and t5",
            type=ModelType.T5Encoder,
            base=_ANY,
            format=ModelFormat.Checkpoint,
            part=TEXT,
            requires=(
                Holds("a T5 encoder", "encoder.block.0.layer.0.SelfAttention.k.weight"),
                Holds(
                    "a CLIP text encoder too",
                    "text_model.encoder.layers.0.layer_norm1.weight",
                    "transformer.resblocks.0.attn.in_proj_weight",
                ),
                _CLIP_TEXT,
                *_T5,
            ),
            before=("clip text", "t5"),
        ),
        Rule(
            name="t5, folder",
            type=ModelType.T5Encoder,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(ComponentClass("T5EncoderModel"),),
        ),
    ),
)

"""CLIP text and vision encoders and T5: parts that belong to no one base."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Dim,
    Has,
    Lacks,
    WithoutParts,
)
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import DENOISER_HEADS, TEXT, Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
_ALONE = WithoutParts(*DENOISER_HEADS, "first_stage_model", "vae", "vision_model", "visual")
_WIDTH = "the encoder's width"
_VISION: Part = ("", "image_encoder.", "vision_tower.")

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
            requires=(
                AnyOf(
                    AllOf(
                        Dim(
                            "text_model.embeddings.token_embedding.weight",
                            1,
                            (768, 1024, 1280),
                            _WIDTH,
                        ),
                        Has("text_model.encoder.layers.0.layer_norm1.weight"),
                    ),
                    AllOf(
                        Dim("token_embedding.weight", 1, (768, 1024, 1280), _WIDTH),
                        Has("transformer.resblocks.0.attn.in_proj_weight"),
                    ),
                ),
                _ALONE,
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
            requires=(
                Has("encoder.block.0.layer.0.SelfAttention.k.weight"),
                # Here every layer but the first has no position bias of its own; UMT5's have.
                Lacks("encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"),
                Lacks("decoder.block.0.layer.0.SelfAttention.k.weight"),
                _ALONE,
            ),
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

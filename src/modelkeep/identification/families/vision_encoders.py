"""Encoders of pictures: CLIP's, SigLIP, DINO, and the projectors of language models."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Has,
    Lacks,
    NoName,
    WithoutParts,
)
from modelkeep.identification.family import Family
from modelkeep.identification.prefixes import PLAIN, VISION, Part
from modelkeep.identification.rules import Rule

_ANY = BaseModelType.Any
#: Heads of names in files that hold an encoder of pictures beside the rest of a model.
_OTHERS = WithoutParts(
    *("text_model", "language_model", "layers", "embed_tokens", "lm_head", "token_embedding"),
    *("diffusion_model", "first_stage_model", "cond_stage_model", "unet", "vae", "image_proj"),
    *("double_blocks", "input_blocks", "down_blocks", "transformer_blocks", "depth_head"),
    *("neck", "decoder", "detector", "classifier", "conditioner", "id_proj", "resampler"),
    *("text_decoder", "text_encoder"),
)
_NO_MORE = (_OTHERS, NoName("diffusion_model.", "language_model.", "model.layers."))


def _file(name: str, *signs: Condition, part: Part = VISION) -> Rule:
    return Rule(
        name=name,
        type=ModelType.CLIPVision,
        base=_ANY,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=(*signs, *_NO_MORE),
    )


FAMILY = Family(
    name="vision encoders",
    base=_ANY,
    rules=(
        _file(
            "clip vision",
            Has("embeddings.patch_embedding.weight", "encoder.layers.0.layer_norm1.weight"),
            Lacks("embeddings.token_embedding.weight"),
        ),
        _file(
            "clip vision, open_clip names",
            Has("visual.transformer.resblocks.0.attn.in_proj_weight", "visual.conv1.weight"),
            Lacks("transformer.resblocks.0.attn.in_proj_weight"),
            part=PLAIN,
        ),
        _file(
            "clip vision, Wan's names",
            Has("visual.transformer.0.attn.to_qkv.weight", "visual.patch_embedding.weight"),
            part=PLAIN,
        ),
        _file(
            "eva clip",
            Has("visual.blocks.0.attn.q_proj.weight", "visual.patch_embed.proj.weight"),
            part=PLAIN,
        ),
        _file(
            "dino vision",
            Has("encoder.layer.0.layer_scale1.lambda1", "embeddings.cls_token"),
        ),
        _file(
            "dino 3 vision",
            AnyOf(
                Has("layer.0.attention.o_proj.weight", "embeddings.register_tokens"),
                Has("model.layer.0.attention.o_proj.weight", "embeddings.register_tokens"),
            ),
        ),
        _file(
            "dino vision, original names",
            Has("blocks.0.ls1.gamma", "cls_token", "patch_embed.proj.weight", "norm.weight"),
        ),
        _file(
            "vision projector, llama.cpp names",
            Has("v.patch_embd.weight"),
            AnyOf(
                Has("v.blk.0.ln1.weight"),
                Has("v.blk.0.attn_q.weight"),
                Has("v.blk.0.attn_qkv.weight"),
            ),
            part=PLAIN,
        ),
        Rule(
            name="clip vision, folder",
            type=ModelType.CLIPVision,
            base=_ANY,
            format=ModelFormat.Diffusers,
            requires=(
                AnyOf(
                    ComponentClass("CLIPVisionModel*", "SiglipVisionModel", "Siglip2VisionModel"),
                    ComponentClass("Dinov2Model", "Dinov2WithRegistersModel", "DINOv3ViTModel"),
                    ConfigValue(
                        ("",),
                        "model_type",
                        (
                            *("clip_vision_model", "siglip_vision_model", "siglip2_vision_model"),
                            *("dinov2", "dinov2_with_registers", "dinov3_vit"),
                        ),
                    ),
                ),
            ),
        ),
    ),
)

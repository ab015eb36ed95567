"""Sana, Sana-Sprint, Sana-Video and Sana-WM."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AnyOf,
    Condition,
    Dim,
    Has,
    Lacks,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder, switched_on
from modelkeep.identification.families._sana_modules import (
    diffusers_modules,
    original_modules,
    world_modules,
)
from modelkeep.identification.families._transformers import DIFFUSERS, ORIGINAL, config, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Sana
_WIDE, _NARROW = 2240, 1152
#: Width and blocks by variant; Sprint and Sana-Video have those of one of them.
_SIZES = {"0.6b": (_NARROW, 28), "1.6b": (_WIDE, 20), "4.8b": (_WIDE, 60)}
TABLES = (
    *(
        ModuleTable(modules(*size), fits=(name, f"sprint-{name}"))
        for name, size in _SIZES.items()
        for modules in (original_modules, diffusers_modules)
    ),
    ModuleTable(original_modules(_WIDE, 20, 3.0), fits=("video",)),
    ModuleTable(diffusers_modules(_WIDE, 20, 3.0), fits=("video",)),
    ModuleTable(world_modules(_WIDE, 20), fits=("wm",)),
)


def _sized(
    sprint: Condition, narrow: Condition, deep: Condition, *videos: Variant
) -> tuple[Variant, ...]:
    return (
        *videos,
        Variant("sprint-0.6b", (sprint, narrow)),
        Variant("sprint-1.6b", (sprint,)),
        Variant("0.6b", (narrow,)),
        Variant("4.8b", (deep,)),
        Variant("1.6b"),
    )


FAMILY = Family(
    name="sana",
    base=_BASE,
    label="Sana",
    words=("Sana Sprint", "Sana Video"),
    declared=("sana",),
    marks=Marks(
        tensors=(
            Has("attention_y_norm.weight", "y_embedder.y_proj.fc1.weight"),
            Has("caption_norm.weight", "caption_projection.linear_1.weight"),
        ),
        folders=(PipelineClass("Sana*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("attention_y_norm.weight", "y_embedder.y_proj.fc1.weight"),
            Has("blocks.0.attn.proj.weight", "blocks.0.mlp.depth_conv.conv.weight"),
            Lacks("controlnet.0.copied_block.attn.qkv.weight"),
            variants=_sized(
                Has("cfg_embedder.mlp.0.weight"),
                Dim("attention_y_norm.weight", 0, (_NARROW,), "hidden width"),
                Has("blocks.59.attn.proj.weight"),
                Variant("wm", (Has("plucker_embedder.proj.weight"),)),
                Variant("video", (Has("blocks.0.mlp.t_conv.weight"),)),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("caption_norm.weight", "caption_projection.linear_1.weight"),
            AnyOf(Has("patch_embed.proj.weight"), Has("patch_embedding.weight")),
            Has("transformer_blocks.0.scale_shift_table"),
            Lacks("controlnet_blocks.0.weight"),
            variants=_sized(
                Has("time_embed.guidance_embedder.linear_1.weight"),
                Dim("caption_norm.weight", 0, (_NARROW,), "hidden width"),
                Has("transformer_blocks.59.attn1.to_q.weight"),
                Variant("video", (Has("transformer_blocks.0.ff.conv_temp.weight"),)),
            ),
        ),
        main_folder(
            _BASE,
            "SanaTransformer2DModel",
            "SanaVideoTransformer3DModel",
            "SanaWMTransformer3DModel",
            pipelines=("Sana*",),
            variants=_sized(
                switched_on("guidance_embeds"),
                config("num_attention_heads", 36),
                config("num_layers", 60),
                Variant("wm", (config("_class_name", "SanaWMTransformer3DModel"),)),
                Variant("video", (config("_class_name", "SanaVideoTransformer3DModel"),)),
            ),
        ),
        *table_adapters(_BASE, *TABLES),
    ),
)

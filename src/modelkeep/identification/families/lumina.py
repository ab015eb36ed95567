"""Lumina-Next: cross-attention with a gate for every head."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.Lumina
_WIDTH, _NARROW, _INNER, _TIME, _TEXT, _LAYERS = 2304, 576, 6144, 1024, 2048, 24
_BLOCK = f"layers.{{{_LAYERS}}}"


def _diffusers() -> dict[str, Widths]:
    return {
        f"{_BLOCK}.attn1.to_q": (_WIDTH, _WIDTH),
        f"{_BLOCK}.attn1.to_k": (_WIDTH, _NARROW),
        f"{_BLOCK}.attn1.to_v": (_WIDTH, _NARROW),
        f"{_BLOCK}.attn2.to_q": (_WIDTH, _WIDTH),
        f"{_BLOCK}.attn2.to_k": (_TEXT, _NARROW),
        f"{_BLOCK}.attn2.to_v": (_TEXT, _NARROW),
        f"{_BLOCK}.attn2.to_out.0": (_WIDTH, _WIDTH),
        f"{_BLOCK}.feed_forward.linear_1": (_WIDTH, _INNER),
        f"{_BLOCK}.feed_forward.linear_2": (_INNER, _WIDTH),
        f"{_BLOCK}.feed_forward.linear_3": (_WIDTH, _INNER),
        f"{_BLOCK}.norm1.linear": (_TIME, 4 * _WIDTH),
        **two_layers("time_caption_embed.timestep_embedder", 256, _TIME, _TIME),
        "time_caption_embed.caption_embedder.1": (_TEXT, _TIME),
        "patch_embedder.proj": (16, _WIDTH),
        "norm_out.linear_1": (_TIME, _WIDTH),
        "norm_out.linear_2": (_WIDTH, 32),
    }


def _original() -> dict[str, Widths]:
    return {
        f"{_BLOCK}.attention.wq": (_WIDTH, _WIDTH),
        f"{_BLOCK}.attention.wk": (_WIDTH, _NARROW),
        f"{_BLOCK}.attention.wv": (_WIDTH, _NARROW),
        f"{_BLOCK}.attention.wk_y": (_TEXT, _NARROW),
        f"{_BLOCK}.attention.wv_y": (_TEXT, _NARROW),
        f"{_BLOCK}.attention.wo": (_WIDTH, _WIDTH),
        f"{_BLOCK}.feed_forward.w1": (_WIDTH, _INNER),
        f"{_BLOCK}.feed_forward.w2": (_INNER, _WIDTH),
        f"{_BLOCK}.feed_forward.w3": (_WIDTH, _INNER),
        f"{_BLOCK}.adaLN_modulation.1": (_TIME, 4 * _WIDTH),
        "x_embedder": (16, _WIDTH),
        "cap_embedder.1": (_TEXT, _TIME),
        "t_embedder.mlp.0": (256, _TIME),
        "t_embedder.mlp.2": (_TIME, _TIME),
        "final_layer.linear": (_WIDTH, 32),
        "final_layer.adaLN_modulation.1": (_TIME, _WIDTH),
    }


TABLES = (ModuleTable(_original()), ModuleTable(_diffusers()))

FAMILY = Family(
    name="lumina",
    base=_BASE,
    label="Lumina-Next",
    words=("Lumina-Next-SFT",),
    declared=("lumina-next", "lumina_next"),
    marks=Marks(
        tensors=(Has("layers.0.gate", "pad_token"), Has("layers.0.attention.gate", "pad_token")),
        modules=(Module("layers_#_attention_wk_y"),),
        folders=(PipelineClass("LuminaPipeline", "LuminaText2ImgPipeline"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("layers.0.attention.gate", "layers.0.attention.wk_y.weight", "pad_token"),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("layers.0.gate", "pad_token", "patch_embedder.proj.weight"),
            Has("layers.0.attn2.norm_q.weight"),
        ),
        main_folder(
            _BASE,
            "LuminaNextDiT2DModel",
            pipelines=("LuminaPipeline", "LuminaText2ImgPipeline"),
        ),
        *table_adapters(_BASE, *TABLES),
    ),
)

"""Qwen-Image 2.1: one stream, and one modulation for all blocks."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, Lacks
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    TIME,
    main_file,
    main_folder,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.QwenImage2
_HIDDEN = 4096
_INNER = 3 * _HIDDEN

TABLE = ModuleTable(
    {
        **under(
            "transformer_blocks.{32}",
            under("attn", same(_HIDDEN, "to_q", "to_k", "to_v", "to_out.0"))
            | {
                "attn.to_qkv": (_HIDDEN, 3 * _HIDDEN),
                "img_mlp.gate_layer": (_HIDDEN, _INNER),
                "img_mlp.proj": (_HIDDEN, _INNER),
                "img_mlp.gate_up": (_HIDDEN, 2 * _INNER),
                "img_mlp.out": (_INNER, _HIDDEN),
            },
        ),
        **same(_HIDDEN, "txt_in.in_layer", "txt_in.out_layer", "norm_out.linear"),
        **two_layers("time_text_embed.timestep_embedder", TIME, _HIDDEN, _HIDDEN),
        "modulation.1": (_HIDDEN, 4 * _HIDDEN),
        "img_in": (64, _HIDDEN),
        "proj_out": (_HIDDEN, 64),
    }
)

FAMILY = Family(
    name="qwen-image-2",
    base=_BASE,
    label="Qwen-Image 2.1",
    words=("Qwen-Image 2",),
    sites={"civitai": ("Qwen 2.1",)},
    declared=("qwen-image-2", "qwenimage2", "qwen_image21", "qwen_image_2", "qwen2.1"),
    marks=Marks(tensors=(Has("txt_in.text_norm.weight"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Dim("txt_in.text_norm.weight", 0, (_HIDDEN,), "text context width"),
            Has("modulation.1.weight", "transformer_blocks.0.attn.norm_q.weight"),
            Has("proj_out.weight", "txt_in.in_layer.weight"),
            Lacks("control_img_in.weight", "controlnet_blocks.0.weight"),
        ),
        main_folder(_BASE, ("QwenImage21*",), ("QwenImage21Transformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

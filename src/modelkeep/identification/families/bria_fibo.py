"""FIBO, built like BRIA 3 with the text in every block, and FIBO 2, built like Z-Image."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._double_stream import diffusers_blocks
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    config,
    main_file,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.BriaFibo
_HIDDEN, _TEXT = 3072, 4096
_DOUBLE, _SINGLE = 8, 38
#: Width, inside width, layers and width of the text of FIBO 2.
_WIDE, _INNER, _LAYERS, _LONG_TEXT = 3584, 9536, 44, 7680

_FIRST = ModuleTable(
    diffusers_blocks(_HIDDEN, _DOUBLE, _SINGLE, 4 * _HIDDEN)
    | two_layers("time_embed.timestep_embedder", 256, _HIDDEN, _HIDDEN)
    | {
        f"caption_projection.{{{_DOUBLE + _SINGLE}}}.linear": (2048, _HIDDEN // 2),
        "x_embedder": (48, _HIDDEN),
        "context_embedder": (_TEXT, _HIDDEN),
        "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, 48),
    },
    fits=("fibo",),
)


def _second() -> dict[str, Widths]:
    attention = same(_WIDE, "to_q", "to_k", "to_v", "to_out.0")
    cross = attention | {"to_k": (_LONG_TEXT, _WIDE), "to_v": (_LONG_TEXT, _WIDE)}
    inner: dict[str, Widths] = {"w1": (_WIDE, _INNER), "w2": (_INNER, _WIDE), "w3": (_WIDE, _INNER)}
    block = (
        under("attention", attention)
        | under("feed_forward", inner)
        | {"adaLN_modulation.0": (256, 4 * _WIDE)}
    )
    reader = (
        under("cross_attention", cross) | under("self_attention", attention) | under("ffn", inner)
    )
    return (
        under(f"layers.{{{_LAYERS}}}", block | under("cross_attention", cross))
        | under("noise_refiner.{2}", block)
        | under("perceiver.layers.{2}", reader)
        | {
            "x_embedder": (128, _WIDE),
            "t_embedder.mlp.0": (256, 1024),
            "t_embedder.mlp.2": (1024, 256),
            "final_layer.linear": (_WIDE, 128),
            "final_layer.adaLN_modulation.1": (256, _WIDE),
        }
    )


_SECOND = ModuleTable(_second(), fits=("fibo-2",))

FAMILY = Family(
    name="bria-fibo",
    base=_BASE,
    label="FIBO",
    words=("BRIA FIBO", "FIBO 2"),
    declared=("fibo", "bria-fibo", "bria_fibo"),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("perceiver.latent_queries", "layers.0.adaLN_modulation.0.weight"),
            Has(
                "caption_projection.0.linear.weight", "time_embed.timestep_embedder.linear_1.weight"
            ),
        ),
        modules=(
            Module("perceiver_layers_*"),
            Module("layers_#_cross_attention_to_q", (_WIDE,)),
        ),
        folders=(PipelineClass("BriaFibo*"),),
    ),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has(
                "caption_projection.0.linear.weight",
                "time_embed.timestep_embedder.linear_1.weight",
                "single_transformer_blocks.0.attn.norm_q.weight",
            ),
            variants=(Variant("fibo"),),
        ),
        main_file(
            _BASE,
            "FIBO 2 names",
            Has("perceiver.latent_queries", "layers.0.attention_norm1.weight", "x_embedder.weight"),
            variants=(Variant("fibo-2"),),
        ),
        main_folder(
            _BASE,
            "BriaFiboTransformer2DModel",
            "BriaFibo2Transformer2DModel",
            pipelines=("BriaFibo*",),
            variants=(
                Variant("fibo-2", (config("_class_name", "BriaFibo2Transformer2DModel"),)),
                Variant("fibo"),
            ),
        ),
        *table_adapters(_BASE, _FIRST, _SECOND),
    ),
)

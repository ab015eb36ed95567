"""Ovis-Image: FLUX.1's blocks with a gated feed-forward."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._double_stream import diffusers_blocks, original_blocks
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.OvisImage
_HIDDEN, _TEXT, _INNER = 3072, 2048, 12288
_DOUBLE, _SINGLE = 6, 27


def _original() -> dict[str, Widths]:
    modules = original_blocks(_HIDDEN, _DOUBLE, _SINGLE, _INNER)
    for stream in ("img", "txt"):
        place = f"double_blocks.{{{_DOUBLE}}}.{stream}_mlp"
        del modules[f"{place}.0"], modules[f"{place}.2"]
        modules |= {
            f"{place}.gate_proj": (_HIDDEN, _INNER),
            f"{place}.up_proj": (_HIDDEN, _INNER),
            f"{place}.down_proj": (_INNER, _HIDDEN),
        }
    return modules | {
        f"single_blocks.{{{_SINGLE}}}.linear1": (_HIDDEN, 3 * _HIDDEN + 2 * _INNER),
        "img_in": (64, _HIDDEN),
        "txt_in": (_TEXT, _HIDDEN),
        "time_in.in_layer": (256, _HIDDEN),
        "time_in.out_layer": (_HIDDEN, _HIDDEN),
        "final_layer.linear": (_HIDDEN, 64),
        "final_layer.adaLN_modulation.1": (_HIDDEN, 2 * _HIDDEN),
    }


def _diffusers() -> dict[str, Widths]:
    modules = diffusers_blocks(_HIDDEN, _DOUBLE, _SINGLE, _INNER)
    for stream in ("ff", "ff_context"):
        modules[f"transformer_blocks.{{{_DOUBLE}}}.{stream}.net.0.proj"] = (_HIDDEN, 2 * _INNER)
    return (
        modules
        | two_layers("timestep_embedder", 256, _HIDDEN, _HIDDEN)
        | {
            f"single_transformer_blocks.{{{_SINGLE}}}.proj_mlp": (_HIDDEN, 2 * _INNER),
            "x_embedder": (64, _HIDDEN),
            "context_embedder": (_TEXT, _HIDDEN),
            "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
            "proj_out": (_HIDDEN, 64),
        }
    )


_ORIGINAL, _DIFFUSERS = ModuleTable(_original()), ModuleTable(_diffusers())
_OWN = (
    Module("double_blocks_#_*_mlp_*_proj"),
    Module("single_blocks_#_linear1", (3 * _HIDDEN + 2 * _INNER,), "out"),
)

FAMILY = Family(
    name="ovis-image",
    base=_BASE,
    label="Ovis-Image",
    declared=("ovis-image", "ovis_image", "ovisimage", "ovis"),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("double_blocks.0.img_mlp.gate_proj.weight"),
            Has("txt_norm.weight", "single_blocks.0.linear1.weight"),
            Has("context_embedder_norm.weight", "single_transformer_blocks.0.attn.norm_q.weight"),
        ),
        modules=_OWN,
        folders=(PipelineClass("OvisImage*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("double_blocks.0.img_mlp.gate_proj.weight", "txt_norm.weight", "img_in.weight"),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("context_embedder_norm.weight", "timestep_embedder.linear_1.weight"),
            Has("single_transformer_blocks.0.attn.norm_q.weight"),
        ),
        main_folder(_BASE, "OvisImageTransformer2DModel", pipelines=("OvisImage*",)),
        *table_adapters(_BASE, _DIFFUSERS, _ORIGINAL),
    ),
)

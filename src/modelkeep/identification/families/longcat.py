"""LongCat-Image: FLUX.1's blocks, fewer of them, with another text encoder."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Dim, Has, Lacks, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._double_stream import diffusers_blocks, original_blocks
from modelkeep.identification.families._flow_models import main_folder, norm
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    two_layers,
)
from modelkeep.identification.family import Family, Lineage, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.LongCat
_HIDDEN, _TEXT = 3072, 3584
_DOUBLE, _SINGLE = 10, 20
_ENDS = "context_embedder.weight"
_WIDTH = "text context width"

_DIFFUSERS = ModuleTable(
    diffusers_blocks(_HIDDEN, _DOUBLE, _SINGLE, 4 * _HIDDEN)
    | two_layers("time_embed.timestep_embedder", 256, _HIDDEN, _HIDDEN)
    | {
        "x_embedder": (64, _HIDDEN),
        "context_embedder": (_TEXT, _HIDDEN),
        "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, 64),
    }
)
_ORIGINAL = ModuleTable(
    original_blocks(_HIDDEN, _DOUBLE, _SINGLE, 4 * _HIDDEN)
    | {"img_in": (64, _HIDDEN), "txt_in": (_TEXT, _HIDDEN), "final_layer.linear": (_HIDDEN, 64)}
)

FAMILY = Family(
    name="longcat",
    base=_BASE,
    label="LongCat",
    words=("LongCat-Image",),
    declared=("longcat",),
    kin="flux",
    marks=Marks(
        tensors=(
            AllOf(
                norm("double_blocks.0.img_attn.norm.key_norm"),
                Dim("txt_in.weight", -1, (_TEXT,), _WIDTH),
            ),
            AllOf(
                Has("single_transformer_blocks.0.attn.norm_q.weight"),
                Dim(_ENDS, -1, (_TEXT,), _WIDTH),
            ),
        ),
        folders=(PipelineClass("LongCatImage*"),),
    ),
    lineages=(Lineage("longcat-edit", r"\bedit\b", PipelineClass("LongCatImageEdit*")),),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            norm("double_blocks.0.img_attn.norm.key_norm"),
            Dim("txt_in.weight", -1, (_TEXT,), _WIDTH),
            Has("img_in.weight", "single_blocks.0.linear1.weight"),
            Lacks(
                "vector_in.in_layer.weight", "txt_in.individual_token_refiner.blocks.0.norm1.weight"
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("time_embed.timestep_embedder.linear_1.weight"),
            Has("single_transformer_blocks.0.attn.norm_q.weight"),
            Dim(_ENDS, -1, (_TEXT,), _WIDTH),
        ),
        main_folder(_BASE, "LongCatImageTransformer2DModel", pipelines=("LongCatImage*",)),
        *table_adapters(_BASE, _DIFFUSERS, _ORIGINAL),
    ),
)

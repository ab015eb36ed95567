"""BRIA 3: FLUX.1's blocks with no pooled text."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Dim,
    Fits,
    Has,
    Lacks,
    Module,
    PipelineClass,
)
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._double_stream import diffusers_blocks
from modelkeep.identification.families._flow_models import declared_modules, main_folder
from modelkeep.identification.families._transformers import DIFFUSERS, main_file, two_layers
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.Bria
_HIDDEN, _TEXT = 3072, 4096
_OWN = "time_embed.timestep_embedder.linear_1.weight"

#: Sizes differ in the number of blocks; none has more than FLUX.1.
_TABLE = ModuleTable(
    diffusers_blocks(_HIDDEN, 19, 38, 4 * _HIDDEN)
    | two_layers("time_embed.timestep_embedder", 256, _HIDDEN, _HIDDEN)
    | two_layers("time_embed.guidance_embedder", 256, _HIDDEN, _HIDDEN)
    | {
        "x_embedder": (None, _HIDDEN),
        "context_embedder": (_TEXT, _HIDDEN),
        "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, None),
    }
)

FAMILY = Family(
    name="bria",
    base=_BASE,
    label="BRIA",
    words=("BRIA 3.2",),
    declared=("bria",),
    kin="flux",
    marks=Marks(folders=(PipelineClass("BriaPipeline"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has(_OWN, "single_transformer_blocks.0.attn.norm_q.weight"),
            Dim("context_embedder.weight", -1, (_TEXT,), "text context width"),
            Lacks(
                *(f"caption_projection.{number}.linear.weight" for number in range(2)),
                "controlnet_blocks.0.weight",
            ),
        ),
        main_folder(_BASE, "BriaTransformer2DModel", pipelines=("BriaPipeline",)),
        # Its LoRAs change the modules of FLUX.1's, of which no number of blocks tells them.
        *adapters(
            _BASE,
            AnyOf(
                declared_modules(_BASE, _TABLE),
                AllOf(
                    Module("time_embed_timestep_embedder_linear_#"),
                    Module("context_embedder", (_TEXT,)),
                    Fits(_TABLE),
                ),
            ),
        ),
    ),
)

"""Motif-Video."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Has, Lacks
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._double_stream import diffusers_blocks
from modelkeep.identification.families._transformers import (
    TIME,
    main_file,
    main_folder,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.MotifVideo
_NORMAL = (Variant("normal"),)
#: No more blocks than this; the published size has fewer.
_HIDDEN, _DOUBLE, _SINGLE = 1536, 20, 40
_TEXT, _PATCHES = "context_embedder.linear_1.bias", "x_embedder.proj.bias"


def _modules() -> dict[str, Widths]:
    modules = diffusers_blocks(_HIDDEN, _DOUBLE, _SINGLE, 4 * _HIDDEN)
    modules |= two_layers("time_text_embed.timestep_embedder", TIME, _HIDDEN, _HIDDEN)
    return modules | {
        **two_layers("context_embedder", None, _HIDDEN, _HIDDEN),
        "x_embedder.proj": (None, _HIDDEN),
        "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, None),
    }


FAMILY = Family(
    name="motif-video",
    base=_BASE,
    label="Motif-Video",
    words=("Motif Video",),
    declared=("motif-video", "motif_video", "motifvideo"),
    marks=Marks(tensors=(AllOf(Has(_TEXT), Has(_PATCHES)),)),
    rules=(
        main_file(
            _BASE,
            "diffusers names",
            Has(_TEXT, _PATCHES, "transformer_blocks.0.attn.norm_added_q.weight"),
            Has("single_transformer_blocks.0.proj_mlp.bias"),
            Lacks("time_text_embed.text_embedder.linear_1.bias"),
            variants=_NORMAL,
        ),
        main_folder(
            _BASE, ("MotifVideo*Pipeline",), ("MotifVideoTransformer3DModel",), variants=_NORMAL
        ),
        *table_adapters(_BASE, ModuleTable(_modules())),
    ),
)

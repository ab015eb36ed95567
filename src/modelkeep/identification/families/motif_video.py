"""Motif-Video."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Has, Lacks
from modelkeep.identification.families._transformers import main_file, main_folder
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.MotifVideo
_NORMAL = (Variant("normal"),)
_TEXT, _PATCHES = "context_embedder.linear_1.bias", "x_embedder.proj.bias"

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
    ),
)

"""Allegro."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Dim, Has, Lacks
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    TIME,
    attention,
    feed_forward,
    main_file,
    main_folder,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Allegro
_HIDDEN, _BLOCKS, _TEXT = 2304, 32, 4096
_NORMAL = (Variant("normal"),)


def _modules() -> dict[str, Widths]:
    block = f"transformer_blocks.{{{_BLOCKS}}}"
    modules = attention(f"{block}.attn1", _HIDDEN) | attention(f"{block}.attn2", _HIDDEN)
    return modules | {
        **feed_forward(f"{block}.ff", _HIDDEN, 4 * _HIDDEN),
        **two_layers("adaln_single.emb.timestep_embedder", TIME, _HIDDEN, _HIDDEN),
        **two_layers("caption_projection", _TEXT, _HIDDEN, _HIDDEN),
        "adaln_single.linear": (_HIDDEN, 6 * _HIDDEN),
        "pos_embed.proj": (None, _HIDDEN),
        "proj_out": (_HIDDEN, None),
    }


_WIDTH = Dim("pos_embed.proj.bias", 0, (_HIDDEN,), "hidden width")

FAMILY = Family(
    name="allegro",
    base=_BASE,
    label="Allegro",
    declared=("allegro",),
    marks=Marks(tensors=(AllOf(Has("adaln_single.linear.bias"), _WIDTH),)),
    rules=(
        main_file(
            _BASE,
            "diffusers names",
            Has("adaln_single.emb.timestep_embedder.linear_1.bias"),
            _WIDTH,
            Has("transformer_blocks.0.attn2.to_q.bias", "caption_projection.linear_1.bias"),
            Lacks("temporal_transformer_blocks.*"),
            variants=_NORMAL,
        ),
        main_folder(_BASE, ("AllegroPipeline",), ("AllegroTransformer3DModel",), variants=_NORMAL),
        *table_adapters(_BASE, ModuleTable(_modules())),
    ),
)

"""Latte, which has the blocks of PixArt, and as many over time."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
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

_BASE = BaseModelType.Latte
_HIDDEN, _BLOCKS, _TEXT = 1152, 28, 4096
_NORMAL = (Variant("normal"),)
_OVER_TIME = Has("temporal_transformer_blocks.0.attn1.to_q.bias")


def _modules() -> dict[str, Widths]:
    block, later = f"transformer_blocks.{{{_BLOCKS}}}", f"temporal_transformer_blocks.{{{_BLOCKS}}}"
    modules = attention(f"{block}.attn1", _HIDDEN) | attention(f"{block}.attn2", _HIDDEN)
    modules |= attention(f"{later}.attn1", _HIDDEN)
    for each in (block, later):
        modules |= feed_forward(f"{each}.ff", _HIDDEN, 4 * _HIDDEN)
    return modules | {
        **two_layers("adaln_single.emb.timestep_embedder", TIME, _HIDDEN, _HIDDEN),
        **two_layers("caption_projection", _TEXT, _HIDDEN, _HIDDEN),
        "adaln_single.linear": (_HIDDEN, 6 * _HIDDEN),
        "pos_embed.proj": (None, _HIDDEN),
        "proj_out": (_HIDDEN, None),
    }


FAMILY = Family(
    name="latte",
    base=_BASE,
    label="Latte",
    declared=("latte",),
    marks=Marks(tensors=(_OVER_TIME,)),
    rules=(
        main_file(
            _BASE,
            "diffusers names",
            _OVER_TIME,
            Has("adaln_single.emb.timestep_embedder.linear_1.bias"),
            Dim("pos_embed.proj.bias", 0, (_HIDDEN,), "hidden width"),
            variants=_NORMAL,
        ),
        main_folder(_BASE, ("LattePipeline",), ("LatteTransformer3DModel",), variants=_NORMAL),
        *table_adapters(_BASE, ModuleTable(_modules())),
    ),
)

"""Lens: two streams with gated feed-forwards, and several layers of a language model as text."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    TIME,
    gated_ways,
    main_file,
    main_folder,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.Lens
_HIDDEN = 1536
_TEXT = 2880


def _block() -> ModuleTable:
    block = under("attn", same(_HIDDEN, "to_out.0", "to_add_out"))
    for stream in ("img", "txt"):
        block |= {
            f"attn.{stream}_qkv": (_HIDDEN, 3 * _HIDDEN),
            f"{stream}_mod.1": (_HIDDEN, 6 * _HIDDEN),
            **under(f"{stream}_mlp", gated_ways(_HIDDEN, 4096)),
        }
    return ModuleTable(
        {
            **under("transformer_blocks.{48}", block),
            **two_layers("time_text_embed.timestep_embedder", TIME, _HIDDEN, _HIDDEN),
            "img_in": (128, _HIDDEN),
            "txt_in": (None, _HIDDEN),
            "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
            "proj_out": (_HIDDEN, 128),
        }
    )


TABLE = _block()

FAMILY = Family(
    name="lens",
    base=_BASE,
    label="Lens",
    sites={"civitai": ("Lens",)},
    declared=("lens",),
    marks=Marks(
        tensors=(
            Has(
                "transformer_blocks.0.attn.norm_added_q.weight",
                "transformer_blocks.0.img_mlp.w1.weight",
            ),
        )
    ),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            AnyOf(
                Dim("txt_norm.0.weight", 0, (_TEXT,), "text context width"),
                Dim("txt_norm.weight", 0, (_TEXT,), "text context width"),
            ),
            Has("transformer_blocks.0.attn.norm_added_q.weight"),
            Has("transformer_blocks.0.img_norm1.weight", "proj_out.weight"),
            Dim("img_in.bias", 0, (_HIDDEN,), "hidden width"),
        ),
        main_folder(_BASE, ("Lens*Pipeline",), ("LensTransformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

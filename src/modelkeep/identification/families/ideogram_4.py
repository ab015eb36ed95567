"""Ideogram 4."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    gated_ways,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.Ideogram4
_HIDDEN, _MODULATION, _TEXT = 4608, 512, 53248
_INDICATOR = Dim("embed_image_indicator.weight", 1, (_HIDDEN,), "hidden width")


def _table(attention: dict[str, Widths]) -> ModuleTable:
    return ModuleTable(
        {
            **under(
                "layers.{34}",
                under("attention", attention)
                | under("feed_forward", gated_ways(_HIDDEN, 12288))
                | {"adaln_modulation": (_MODULATION, 4 * _HIDDEN)},
            ),
            **under("t_embedding", same(_HIDDEN, "mlp_in", "mlp_out")),
            "input_proj": (128, _HIDDEN),
            "llm_cond_proj": (_TEXT, _HIDDEN),
            "adaln_proj": (_HIDDEN, _MODULATION),
            "final_layer.linear": (_HIDDEN, 128),
            "final_layer.adaln_modulation": (_MODULATION, _HIDDEN),
        }
    )


TABLES = (
    _table({"qkv": (_HIDDEN, 3 * _HIDDEN), "o": (_HIDDEN, _HIDDEN)}),
    _table(same(_HIDDEN, "to_q", "to_k", "to_v", "to_out.0")),
)

FAMILY = Family(
    name="ideogram-4",
    base=_BASE,
    label="Ideogram 4",
    sites={"civitai": ("Ideogram 4.0",)},
    declared=("ideogram",),
    marks=Marks(tensors=(Has("embed_image_indicator.weight"),)),
    rules=(
        main_file(_BASE, ORIGINAL, _INDICATOR, Has("layers.0.attention.qkv.weight")),
        main_file(_BASE, DIFFUSERS, _INDICATOR, Has("layers.0.attention.to_q.weight")),
        main_folder(_BASE, ("Ideogram4*Pipeline",), ("Ideogram4Transformer2DModel",)),
        *table_adapters(_BASE, *TABLES),
    ),
)

"""PRX."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.PRX
_HIDDEN, _INNER = 1792, 6272

TABLE = ModuleTable(
    {
        **under(
            "blocks.{16}",
            {
                "attention.img_qkv_proj": (_HIDDEN, 3 * _HIDDEN),
                "attention.txt_kv_proj": (_HIDDEN, 2 * _HIDDEN),
                **same(_HIDDEN, "attention.to_out.0"),
                "gate_proj": (_HIDDEN, _INNER),
                "up_proj": (_HIDDEN, _INNER),
                "down_proj": (_INNER, _HIDDEN),
                "modulation.lin": (_HIDDEN, 6 * _HIDDEN),
            },
        ),
        "img_in": (None, _HIDDEN),
        "txt_in": (None, _HIDDEN),
        "time_in.in_layer": (256, _HIDDEN),
        "time_in.out_layer": (_HIDDEN, _HIDDEN),
        "final_layer.linear": (_HIDDEN, None),
        "final_layer.adaLN_modulation.1": (_HIDDEN, 2 * _HIDDEN),
    }
)

FAMILY = Family(
    name="prx",
    base=_BASE,
    label="PRX",
    declared=("prx",),
    marks=Marks(tensors=(Has("blocks.0.attention.norm_added_k.weight"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has("blocks.0.attention.norm_added_k.weight", "blocks.0.attention.norm_q.weight"),
            Has("blocks.0.attention.img_qkv_proj.weight", "final_layer.linear.weight"),
            Dim("time_in.out_layer.bias", 0, (_HIDDEN,), "hidden width"),
        ),
        main_folder(_BASE, ("PRXPipeline", "PRXPixelPipeline"), ("PRXTransformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

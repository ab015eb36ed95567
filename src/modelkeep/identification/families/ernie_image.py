"""ERNIE-Image."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    gated_ways,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.ErnieImage
_HIDDEN = 4096
_WAYS = ("gate_proj", "up_proj", "linear_fc2")

TABLE = ModuleTable(
    {
        **under(
            "layers.{36}",
            under("self_attention", same(_HIDDEN, "to_q", "to_k", "to_v", "to_out.0"))
            | under(
                "mlp", gated_ways(_HIDDEN, 3 * _HIDDEN, ("gate_proj", "up_proj", "linear_fc2"))
            ),
        ),
        **same(_HIDDEN, "time_embedding.linear_1", "time_embedding.linear_2"),
        "x_embedder.proj": (128, _HIDDEN),
        "text_proj": (3072, _HIDDEN),
        "adaLN_modulation.1": (_HIDDEN, 6 * _HIDDEN),
        "final_norm.linear": (_HIDDEN, 2 * _HIDDEN),
        "final_linear": (_HIDDEN, 128),
    }
)

FAMILY = Family(
    name="ernie-image",
    base=_BASE,
    label="ERNIE-Image",
    sites={"civitai": ("Ernie", "Ernie Turbo")},
    declared=("ernie",),
    marks=Marks(tensors=(Has("layers.0.adaLN_sa_ln.weight"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Dim("layers.0.adaLN_sa_ln.weight", 0, (_HIDDEN,), "hidden width"),
            Has("final_linear.weight", "x_embedder.proj.weight"),
        ),
        main_folder(_BASE, ("ErnieImage*Pipeline",), ("ErnieImageTransformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

"""SenseNova U1: a language model with a second set of weights that makes images."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    ORIGINAL,
    gated_ways,
    main_file,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.SenseNovaU1
_HIDDEN, _GROUPED, _INNER = 4096, 1024, 12288
_QUERY = "language_model.model.layers.0.self_attn.q_proj_mot_gen.weight"

TABLE = ModuleTable(
    {
        **under(
            "language_model.model.layers.{42}",
            {
                **same(_HIDDEN, "self_attn.q_proj_mot_gen", "self_attn.o_proj_mot_gen"),
                "self_attn.k_proj_mot_gen": (_HIDDEN, _GROUPED),
                "self_attn.v_proj_mot_gen": (_HIDDEN, _GROUPED),
                **under(
                    "mlp_mot_gen",
                    gated_ways(_HIDDEN, _INNER, ("gate_proj", "up_proj", "down_proj")),
                ),
            },
        ),
        "fm_modules.fm_head.0": (_HIDDEN, None),
        "fm_modules.fm_head.2": (None, None),
    }
)

FAMILY = Family(
    name="sensenova-u1",
    base=_BASE,
    label="SenseNova U1",
    words=("SenseNova U1.5",),
    declared=("sensenova",),
    marks=Marks(tensors=(Has(_QUERY),)),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has(_QUERY, "fm_modules.vision_model_mot_gen.embeddings.patch_embedding.weight"),
        ),
        *table_adapters(_BASE, TABLE),
    ),
)

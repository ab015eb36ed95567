"""Nucleus-Image: a mixture of experts with the outer names of Qwen-Image."""

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

_BASE = BaseModelType.NucleusImage
_HIDDEN = 2048
_TIME = "time_text_embed.timestep_embedder"

TABLE = ModuleTable(
    {
        **under(
            "transformer_blocks.{24}",
            under("attn", same(_HIDDEN, "to_q", "to_k", "to_v", "to_out.0"))
            | under("attn", same(_HIDDEN, "add_k_proj", "add_v_proj"))
            | {
                "img_mod.1": (_HIDDEN, 4 * _HIDDEN),
                "encoder_proj": (3584, _HIDDEN),
                "img_mlp.net.0.proj": (_HIDDEN, 10752),
                "img_mlp.net.2": (5376, _HIDDEN),
                "img_mlp.gate": (2 * _HIDDEN, 128),
                "img_mlp.shared_expert.net.0.proj": (_HIDDEN, 2688),
                "img_mlp.shared_expert.net.2": (1344, _HIDDEN),
            },
        ),
        f"{_TIME}.linear_1": (_HIDDEN, 4 * _HIDDEN),
        f"{_TIME}.linear_2": (4 * _HIDDEN, _HIDDEN),
        "img_in": (64, _HIDDEN),
        "norm_out.linear": (_HIDDEN, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, None),
    }
)

FAMILY = Family(
    name="nucleus-image",
    base=_BASE,
    label="Nucleus-Image",
    sites={"civitai": ("Nucleus",)},
    declared=("nucleus",),
    marks=Marks(tensors=(Has("transformer_blocks.0.encoder_proj.weight"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has("transformer_blocks.0.encoder_proj.weight"),
            Dim("txt_norm.weight", 0, (3584,), "text context width"),
            Has("img_in.weight", "proj_out.weight", "time_text_embed.norm.weight"),
        ),
        main_folder(_BASE, ("NucleusMoEImage*",), ("NucleusMoEImageTransformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

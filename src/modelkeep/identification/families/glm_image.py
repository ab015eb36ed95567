"""GLM-Image."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has
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

_BASE = BaseModelType.GlmImage
_HIDDEN, _TIME = 4096, 512

TABLE = ModuleTable(
    {
        **under(
            "transformer_blocks.{30}",
            under("attn1", same(_HIDDEN, "to_q", "to_k", "to_v", "to_out.0"))
            | {
                "norm1.linear": (_TIME, 12 * _HIDDEN),
                "ff.net.0.proj": (_HIDDEN, 4 * _HIDDEN),
                "ff.net.2": (4 * _HIDDEN, _HIDDEN),
            },
        ),
        "image_projector.proj": (64, _HIDDEN),
        "glyph_projector.net.0.proj": (1472, _HIDDEN),
        **same(
            _HIDDEN,
            *("glyph_projector.net.2", "prior_projector.net.0.proj", "prior_projector.net.2"),
        ),
        "time_condition_embed.timestep_embedder.linear_1": (_TIME, _TIME),
        "time_condition_embed.timestep_embedder.linear_2": (_TIME, _TIME),
        "time_condition_embed.condition_embedder.linear_1": (None, _TIME),
        "time_condition_embed.condition_embedder.linear_2": (_TIME, _TIME),
        "norm_out.linear": (_TIME, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, 64),
    }
)

FAMILY = Family(
    name="glm-image",
    base=_BASE,
    label="GLM-Image",
    declared=("glm-image", "glm_image", "glmimage"),
    marks=Marks(tensors=(Has("glyph_projector.net.0.proj.weight"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has("glyph_projector.net.0.proj.weight", "prior_token_embedding.weight"),
            Has("image_projector.proj.weight", "proj_out.weight"),
        ),
        main_folder(_BASE, ("GlmImage*Pipeline",), ("GlmImageTransformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

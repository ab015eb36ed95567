"""SeFi-Image: FLUX.2's blocks with two times, of meaning and of texture."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Has, Module, PipelineClass
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import DIFFUSERS, main_file
from modelkeep.identification.family import Family, Marks

_BASE = BaseModelType.SeFiImage
_OWN = Has("dual_time_embed.semantic_embedder.linear_1.weight")

FAMILY = Family(
    name="sefi-image",
    base=_BASE,
    label="SeFi-Image",
    declared=("sefi",),
    kin="flux",
    marks=Marks(
        tensors=(_OWN, Has("dual_time_embed.semantic_embedder.linear_2.weight")),
        modules=(Module("dual_time_embed_*"),),
        folders=(PipelineClass("SeFi*", "Sefi*"),),
    ),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            _OWN,
            AnyOf(
                Has("double_stream_modulation_img.linear.weight"),
                Has("double_stream_modulation_img.lin.weight"),
            ),
        ),
        main_folder(
            _BASE,
            "SeFiTransformer2DModel",
            "SefiTransformer2DModel",
            "SeFiImageTransformer2DModel",
            "SefiImageTransformer2DModel",
            pipelines=("SeFi*", "Sefi*"),
        ),
        # Its blocks are those of FLUX.2: only the module of its own tells.
        *adapters(_BASE, Module("dual_time_embed_*_linear_#")),
    ),
)

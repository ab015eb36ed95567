"""CogView 3 Plus."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._cogview_modules import cogview_modules
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import DIFFUSERS, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.CogView3
_WIDTH = 2560

FAMILY = Family(
    name="cogview3",
    base=_BASE,
    label="CogView3",
    words=("CogView3 Plus",),
    declared=("cogview3", "cogview-3"),
    marks=Marks(folders=(PipelineClass("CogView3*"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has("time_condition_embed.condition_embedder.linear_1.weight"),
            Has("patch_embed.text_proj.weight", "transformer_blocks.0.norm1.linear.weight"),
            Dim("patch_embed.text_proj.bias", 0, (_WIDTH,), "hidden width"),
        ),
        main_folder(_BASE, "CogView3PlusTransformer2DModel", pipelines=("CogView3*",)),
        *table_adapters(_BASE, ModuleTable(cogview_modules(_WIDTH, 30))),
    ),
)

"""CogView 4."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, Lacks, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._cogview_modules import cogview_modules
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import DIFFUSERS, config, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.CogView4
_WIDTH = 4096

FAMILY = Family(
    name="cogview4",
    base=_BASE,
    label="CogView4",
    declared=("cogview4", "cogview-4"),
    marks=Marks(folders=(PipelineClass("CogView4*"),)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            Has("time_condition_embed.condition_embedder.linear_1.weight"),
            Has("patch_embed.text_proj.weight", "transformer_blocks.0.norm1.linear.weight"),
            Dim("patch_embed.text_proj.bias", 0, (_WIDTH,), "hidden width"),
            Lacks("glyph_projector.net.0.proj.weight", "image_projector.proj.weight"),
        ),
        main_folder(
            _BASE,
            "CogView4Transformer2DModel",
            pipelines=("CogView4*",),
            variants=(
                Variant("control", (PipelineClass("CogView4Control*"),)),
                Variant("normal", (config("in_channels", 16, absent=True),)),
                Variant("control"),
            ),
        ),
        *table_adapters(_BASE, ModuleTable(cogview_modules(_WIDTH, 28))),
    ),
)

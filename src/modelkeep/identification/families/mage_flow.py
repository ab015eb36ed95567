"""Mage-Flow: blocks as Qwen-Image has them, a fifth as many."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, Lacks
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._qwen_blocks import two_streams
from modelkeep.identification.families._transformers import DIFFUSERS, main_file, main_folder
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable

_BASE = BaseModelType.MageFlow
_TEXT = Dim("txt_norm.weight", 0, (2560,), "text context width")

TABLE = ModuleTable(two_streams(3072, 12, 2560, 128))

FAMILY = Family(
    name="mage-flow",
    base=_BASE,
    label="Mage-Flow",
    sites={"civitai": ("MageFlow",)},
    declared=("mage-flow", "mageflow", "mage_flow"),
    marks=Marks(tensors=(_TEXT,)),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            _TEXT,
            Dim("img_in.bias", 0, (3072,), "hidden width"),
            Dim("proj_out.bias", 0, (128,), "output width"),
            Has("transformer_blocks.0.attn.norm_added_q.weight"),
            Lacks("controlnet_blocks.0.weight", "transformer_blocks.0.encoder_proj.weight"),
        ),
        main_folder(_BASE, ("MageFlow*Pipeline",), ("MageFlowTransformer2DModel",)),
        *table_adapters(_BASE, TABLE),
    ),
)

"""Qwen-Image: the base, its edit models and Qwen-Image-Layered."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllBlocks,
    AllOf,
    AnyOf,
    ConfigValue,
    Dim,
    Has,
    Lacks,
    Module,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._qwen_blocks import two_streams
from modelkeep.identification.families._transformers import DIFFUSERS, main_file, main_folder
from modelkeep.identification.family import Family, Lineage, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.QwenImage
_TEXT = 3584
_TEXT_WIDTH = Dim("txt_norm.weight", 0, (_TEXT,), "text context width")
_HIDDEN_WIDTH = Dim("img_in.bias", 0, (3072,), "hidden width")
_LAYERED = "time_text_embed.addition_t_embedding.weight"
_CONFIG = ("transformer", "")

TABLE = ModuleTable(two_streams(3072, 60, _TEXT, 64))

FAMILY = Family(
    name="qwen-image",
    base=_BASE,
    label="Qwen-Image",
    sites={"civitai": ("Qwen",)},
    declared=("qwen", "qwenimage"),
    kin="flux",
    marks=Marks(
        tensors=(AllOf(_TEXT_WIDTH, _HIDDEN_WIDTH),),
        modules=(
            AllBlocks("transformer_blocks", 60),
            Module("transformer_blocks_#_img_m*"),
            Module("transformer_blocks_#_txt_m*"),
        ),
    ),
    lineages=(
        Lineage(
            "qwen-image-edit",
            r"\bqwen ?(image ?)?edit\b|\bedit ?25(09|11)\b",
            AnyOf(
                Has("__index_timestep_zero__"),
                PipelineClass("QwenImageEdit*"),
                ConfigValue(_CONFIG, "zero_cond_t", (True,)),
            ),
            frozenset({"normal"}),
        ),
    ),
    rules=(
        main_file(
            _BASE,
            DIFFUSERS,
            _TEXT_WIDTH,
            _HIDDEN_WIDTH,
            Has("transformer_blocks.0.attn.norm_added_q.weight", "proj_out.weight"),
            Lacks(
                *("controlnet_blocks.0.weight", "controlnet_x_embedder.weight"),
                "control_img_in.weight",
            ),
            variants=(Variant("layered", (Has(_LAYERED),)), Variant("normal")),
        ),
        main_folder(
            _BASE,
            (
                *("QwenImagePipeline", "QwenImageImg2ImgPipeline", "QwenImageInpaintPipeline"),
                *("QwenImageEdit*", "QwenImageControlNet*", "QwenImageLayeredPipeline"),
            ),
            ("QwenImageTransformer2DModel",),
            variants=(
                Variant(
                    "layered",
                    (
                        AnyOf(
                            PipelineClass("QwenImageLayeredPipeline"),
                            ConfigValue(_CONFIG, "use_additional_t_cond", (True,)),
                        ),
                    ),
                ),
                Variant("normal"),
            ),
        ),
        *table_adapters(_BASE, TABLE),
    ),
)

"""HunyuanImage 2.1: the model, its distilled form and its refiner."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AnyOf,
    Dim,
    Has,
    Lacks,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder, switched_on
from modelkeep.identification.families._hunyuan_image_modules import (
    REFINER_WIDTH,
    WIDTH,
    diffusers_modules,
    original_modules,
)
from modelkeep.identification.families._transformers import DIFFUSERS, ORIGINAL, config, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.HunyuanImage
_WIDTHS = (WIDTH, REFINER_WIDTH)
_FITS = {WIDTH: ("normal", "distilled"), REFINER_WIDTH: ("refiner",)}
#: HunyuanVideo has the first, HunyuanVideo 1.5 the others.
_NO_VIDEO = Lacks(
    "vector_in.in_layer.weight",
    "vision_in.proj.0.weight",
    "cond_type_embedding.weight",
    "image_embedder.norm_in.weight",
    "cond_type_embed.weight",
)

FAMILY = Family(
    name="hunyuan-image",
    base=_BASE,
    label="HunyuanImage",
    words=("HunyuanImage 2.1",),
    declared=("hunyuan-image", "hunyuan_image", "hunyuanimage"),
    marks=Marks(
        tensors=(
            Dim("img_in.proj.bias", 0, _WIDTHS, "hidden width"),
            Dim("x_embedder.proj.bias", 0, _WIDTHS, "hidden width"),
        ),
        folders=(PipelineClass("HunyuanImage*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("txt_in.individual_token_refiner.blocks.0.norm1.weight"),
            Dim("img_in.proj.bias", 0, _WIDTHS, "hidden width"),
            AnyOf(
                Has("double_blocks.0.img_attn_proj.bias"), Has("double_blocks.0.img_attn.proj.bias")
            ),
            _NO_VIDEO,
            variants=(
                Variant("refiner", (Dim("img_in.proj.bias", 0, (REFINER_WIDTH,), "hidden width"),)),
                Variant("distilled", (Has("time_r_in.mlp.0.bias"),)),
                Variant("distilled", (Has("time_r_in.in_layer.bias"),)),
                Variant("normal"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("context_embedder.token_refiner.refiner_blocks.0.norm1.weight"),
            Dim("x_embedder.proj.bias", 0, _WIDTHS, "hidden width"),
            Has("single_transformer_blocks.0.attn.norm_q.weight"),
            _NO_VIDEO,
            variants=(
                Variant(
                    "refiner", (Dim("x_embedder.proj.bias", 0, (REFINER_WIDTH,), "hidden width"),)
                ),
                Variant(
                    "distilled", (Has("time_guidance_embed.timestep_embedder_r.linear_1.bias"),)
                ),
                Variant("normal"),
            ),
        ),
        main_folder(
            _BASE,
            "HunyuanImageTransformer2DModel",
            pipelines=("HunyuanImage*",),
            variants=(
                Variant("refiner", (config("num_attention_heads", REFINER_WIDTH // 128),)),
                Variant("distilled", (switched_on("use_meanflow"),)),
                Variant("normal"),
            ),
        ),
        *table_adapters(
            _BASE,
            *(
                ModuleTable(modules(width), fits=fits)
                for width, fits in _FITS.items()
                for modules in (original_modules, diffusers_modules)
            ),
        ),
    ),
)

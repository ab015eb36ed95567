"""Stable Cascade: stage C draws small, stage B makes it larger; both have a lite form."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ComponentClass,
    ConfigValue,
    Dim,
    Has,
    Lacks,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import ORIGINAL, main_file, same, under
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType.StableCascade
_TEXT = 1280
#: Hidden widths of stage C; those of the second level of stage B.
_C, _C_LITE = 2048, 1536
_B, _B_LITE = 640, 576
_CONFIG = ("prior", "decoder", "")
_SECOND_LEVEL = "down_blocks.1.0.depthwise.bias"


def _modules(width: int, longest: int) -> dict[str, Widths]:
    """Return the modules of stage C, in the original names and in those of diffusers."""
    attention = same(width, "to_q", "to_k", "to_v", "to_out.0", "attn.out_proj") | {
        "attn.in_proj": (width, 3 * width)
    }
    modules: dict[str, Widths] = {}
    for side in ("down_blocks", "up_blocks"):
        block = f"{side}.{{2}}.{{{longest}}}"
        modules |= under(f"{block}.attention", attention)
        modules |= {f"{block}.{name}": (64, 2 * width) for name in ("mapper", "mapper_sca")}
        modules |= {
            f"{block}.mapper_crp": (64, 2 * width),
            f"{block}.kv_mapper.1": (width, width),
            f"{block}.channelwise.0": (None, 4 * width),
            f"{block}.channelwise.4": (4 * width, width),
            f"{block}.depthwise": (None, width),
        }
    return modules | {
        "clip_txt_mapper": (_TEXT, width),
        "clip_txt_pooled_mapper": (_TEXT, None),
        "clip_img_mapper": (768, None),
        "embedding.1": (16, width),
        "clf.1": (width, 16),
    }


FAMILY = Family(
    name="sd-cascade",
    base=_BASE,
    label="Stable Cascade",
    sites={"civitai": ("Stable Cascade",)},
    declared=("stable-cascade", "sd-cascade", "stable_cascade"),
    marks=Marks(
        tensors=(
            Has("clf.1.weight", "clip_mapper.weight"),
            Has("clf.1.weight", "clip_txt_pooled_mapper.weight"),
        ),
        folders=(PipelineClass("StableCascade*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("clf.1.weight", "down_blocks.0.0.channelwise.0.weight"),
            AnyOf(
                Has("clip_txt_mapper.weight"),
                Has("clip_mapper.weight"),
                Has("clip_txt_pooled_mapper.weight", "effnet_mapper.0.weight"),
            ),
            Lacks("controlnet_blocks.0.weight"),
            variants=(
                Variant(
                    "stage-c-lite", (Dim("clip_txt_mapper.bias", 0, (_C_LITE,), "text width"),)
                ),
                Variant("stage-c", (Has("clip_txt_mapper.weight"),)),
                Variant("stage-b-lite", (Dim(_SECOND_LEVEL, 0, (_B_LITE,), "second width"),)),
                Variant("stage-b"),
            ),
        ),
        Rule(
            name="sd-cascade main, folder",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Diffusers,
            requires=(
                AnyOf(PipelineClass("StableCascade*"), ComponentClass("StableCascadeUNet")),
                ConfigValue(_CONFIG, "_class_name", ("StableCascadeUNet",)),
            ),
            variants=(
                Variant(
                    "stage-c-lite",
                    (ConfigValue(_CONFIG, "block_out_channels", ([_C_LITE, _C_LITE],)),),
                ),
                Variant("stage-c", (ConfigValue(_CONFIG, "block_out_channels", ([_C, _C],)),)),
                Variant(
                    "stage-b-lite",
                    (ConfigValue(_CONFIG, "block_out_channels", ([320, _B_LITE, 1152, 1152],)),),
                ),
                Variant("stage-b"),
            ),
        ),
        *table_adapters(
            _BASE,
            ModuleTable(_modules(_C, 72), fits=("stage-c",)),
            ModuleTable(_modules(_C_LITE, 36), fits=("stage-c-lite",)),
        ),
    ),
)

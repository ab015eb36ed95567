"""CogVideoX: 1.0 in two sizes, 1.5, what they make of pictures, and ConsisID."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Condition, Dim, Has, NameHint
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    attention,
    classed,
    config,
    feed_forward,
    main_file,
    main_folder,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.CogVideoX
_SMALL, _LARGE, _TEXT, _TIMES = 1920, 3072, 4096, 512
_PATCHES = "patch_embed.proj.weight"
_FUN = NameHint(r"\bfun\b")


def _table(width: int, blocks: int, *variants: str) -> ModuleTable:
    block = f"transformer_blocks.{{{blocks}}}"
    modules = attention(f"{block}.attn1", width) | feed_forward(f"{block}.ff", width, 4 * width)
    for norm in ("norm1", "norm2"):
        modules[f"{block}.{norm}.linear"] = (_TIMES, 6 * width)
    modules |= two_layers("time_embedding", width, _TIMES, _TIMES)
    modules |= two_layers("ofs_embedding", _TIMES, _TIMES, _TIMES)
    modules |= {
        "patch_embed.proj": (None, width),
        "patch_embed.text_proj": (_TEXT, width),
        "norm_out.linear": (_TIMES, 2 * width),
        "proj_out": (width, None),
    }
    return ModuleTable(modules, variants)


def _size(width: int) -> Condition:
    return Dim("patch_embed.text_proj.bias", 0, (width,), "hidden width")


def _patch(*values: int) -> Condition:
    return Dim(_PATCHES, 1, values, "input width")


#: 1.5 takes patches of two pictures, 2 x 2 pixels of 16 channels, or of 32 with a first picture.
_VARIANTS = (
    Variant("consisid", (Has("local_facial_extractor.latents"),)),
    Variant("1.5-5b-i2v", (_size(_LARGE), _patch(256))),
    Variant("1.5-5b", (_size(_LARGE), _patch(128))),
    Variant("5b-fun", (_size(_LARGE), _patch(33, 48))),
    Variant("2b-fun", (_size(_SMALL), _patch(33, 48))),
    Variant("5b-fun", (_size(_LARGE), _patch(32), _FUN)),
    Variant("2b-fun", (_size(_SMALL), _patch(32))),
    Variant("5b-i2v", (_size(_LARGE), _patch(32))),
    Variant("5b", (_size(_LARGE),)),
    Variant("2b", (_size(_SMALL),)),
)


def _heads(width: int) -> Condition:
    return config("num_attention_heads", width // 64, absent=width == _SMALL)


_FOLDER_VARIANTS = (
    Variant("consisid", (classed("ConsisID*"),)),
    Variant("1.5-5b-i2v", (config("patch_size_t", 2), config("in_channels", 32))),
    Variant("1.5-5b", (config("patch_size_t", 2),)),
    Variant("5b-fun", (classed("CogVideoXFun*"), _heads(_LARGE))),
    Variant("2b-fun", (classed("CogVideoXFun*"), _heads(_SMALL))),
    Variant("5b-i2v", (config("in_channels", 32), _heads(_LARGE))),
    Variant("5b", (_heads(_LARGE),)),
    Variant("2b", (_heads(_SMALL),)),
)

FAMILY = Family(
    name="cogvideox",
    base=_BASE,
    label="CogVideoX",
    words=("CogVideoX-5B", "ConsisID"),
    sites={"civitai": ("CogVideoX",)},
    declared=("cogvideox", "cogvideo"),
    marks=Marks(
        tensors=(AllOf(Has("patch_embed.text_proj.bias"), Has("time_embedding.linear_1.bias")),),
    ),
    rules=(
        main_file(
            _BASE,
            "diffusers names",
            Has("patch_embed.text_proj.bias", "time_embedding.linear_1.bias", "norm_final.weight"),
            Dim("patch_embed.text_proj.bias", 0, (_SMALL, _LARGE), "hidden width"),
            Has("transformer_blocks.0.norm1.linear.bias"),
            variants=_VARIANTS,
        ),
        main_folder(
            _BASE,
            ("CogVideoX*Pipeline", "ConsisIDPipeline"),
            ("CogVideoXTransformer3DModel", "ConsisIDTransformer3DModel"),
            variants=_FOLDER_VARIANTS,
        ),
        *table_adapters(
            _BASE,
            _table(_SMALL, 30, "2b", "2b-fun"),
            _table(_LARGE, 42, "5b", "5b-i2v", "5b-fun", "1.5-5b", "1.5-5b-i2v", "consisid"),
        ),
    ),
)

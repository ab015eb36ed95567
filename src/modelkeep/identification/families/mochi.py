"""Mochi: text and pictures in blocks of two widths."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    TIME,
    main_file,
    main_folder,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Mochi
_VIDEO, _CAPTION, _TEXT, _BLOCKS = 3072, 1536, 4096, 48
_NORMAL = (Variant("normal"),)


def _original() -> dict[str, Widths]:
    block = f"blocks.{{{_BLOCKS}}}"
    modules: dict[str, Widths] = {}
    for stream, width in (("x", _VIDEO), ("y", _CAPTION)):
        inner = 8192 if stream == "x" else 4096
        modules |= {
            f"{block}.attn.qkv_{stream}": (width, 3 * _VIDEO),
            f"{block}.attn.proj_{stream}": (_VIDEO, width),
            f"{block}.mlp_{stream}.w1": (width, 2 * inner),
            f"{block}.mlp_{stream}.w2": (inner, width),
        }
    return modules | {
        f"{block}.mod_x": (_VIDEO, 4 * _VIDEO),
        f"{block}.mod_y": (_VIDEO, None),
        "t_embedder.mlp.0": (TIME, _VIDEO),
        "t_embedder.mlp.2": (_VIDEO, _VIDEO),
        "t5_y_embedder.to_kv": (_TEXT, 2 * _TEXT),
        "t5_y_embedder.to_q": (_TEXT, _TEXT),
        "t5_y_embedder.to_out": (_TEXT, _VIDEO),
        "t5_yproj": (_TEXT, _CAPTION),
        "x_embedder.proj": (None, _VIDEO),
        "final_layer.mod": (_VIDEO, 2 * _VIDEO),
        "final_layer.linear": (_VIDEO, None),
    }


def _diffusers() -> dict[str, Widths]:
    block = f"transformer_blocks.{{{_BLOCKS}}}"
    modules: dict[str, Widths] = {
        f"{block}.attn1.{name}": (_VIDEO, _VIDEO) for name in ("to_q", "to_k", "to_v", "to_out.0")
    }
    added = ("add_q_proj", "add_k_proj", "add_v_proj")
    modules |= {f"{block}.attn1.{name}": (_CAPTION, _VIDEO) for name in added}
    return modules | {
        f"{block}.attn1.to_add_out": (_VIDEO, _CAPTION),
        f"{block}.ff.net.0.proj": (_VIDEO, 16384),
        f"{block}.ff.net.2": (8192, _VIDEO),
        f"{block}.ff_context.net.0.proj": (_CAPTION, 8192),
        f"{block}.ff_context.net.2": (4096, _CAPTION),
        f"{block}.norm1.linear": (_VIDEO, 4 * _VIDEO),
        f"{block}.norm1_context.linear": (_VIDEO, 4 * _CAPTION),
        f"{block}.norm1_context.linear_1": (_VIDEO, _CAPTION),
        **two_layers("time_embed.timestep_embedder", TIME, _VIDEO, _VIDEO),
        "time_embed.pooler.to_kv": (_TEXT, 2 * _TEXT),
        "time_embed.pooler.to_q": (_TEXT, _TEXT),
        "time_embed.pooler.to_out": (_TEXT, _VIDEO),
        "time_embed.caption_proj": (_TEXT, _CAPTION),
        "patch_embed.proj": (None, _VIDEO),
        "norm_out.linear": (_VIDEO, 2 * _VIDEO),
        "proj_out": (_VIDEO, None),
    }


FAMILY = Family(
    name="mochi",
    base=_BASE,
    label="Mochi",
    sites={"civitai": ("Mochi",)},
    declared=("mochi",),
    marks=Marks(
        tensors=(Has("t5_yproj.weight"), Has("time_embed.caption_proj.bias", "pos_frequencies"))
    ),
    rules=(
        main_file(
            _BASE,
            "original names",
            Has("t5_yproj.bias", "pos_frequencies"),
            Dim("t5_yproj.bias", 0, (_CAPTION,), "width of the text stream"),
            Has("blocks.0.attn.q_norm_x.weight", "blocks.0.mod_x.bias"),
            variants=_NORMAL,
        ),
        main_file(
            _BASE,
            "diffusers names",
            Has("time_embed.caption_proj.bias", "pos_frequencies"),
            Dim("time_embed.caption_proj.bias", 0, (_CAPTION,), "width of the text stream"),
            Has("transformer_blocks.0.attn1.norm_added_q.weight"),
            variants=_NORMAL,
        ),
        main_folder(_BASE, ("Mochi*Pipeline",), ("MochiTransformer3DModel",), variants=_NORMAL),
        *table_adapters(_BASE, ModuleTable(_original()), ModuleTable(_diffusers())),
    ),
)

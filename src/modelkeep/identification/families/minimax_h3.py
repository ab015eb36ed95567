"""MiniMax-H3, which makes videos with sound."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AllOf, Dim, Has, Module
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

_BASE = BaseModelType.MiniMaxH3
_HIDDEN, _HEADS, _INNER, _TEXT, _TIMES = 5376, 7168, 14336, 5120, 2688
_BLOCKS, _REFINERS = 50, 2
#: Six rows that shift, scale and gate, for each of the three kinds of tokens.
_SHIFTS = 18
_OWN = ("audio_proj_in.bias", "token_refiner.refiner_blocks.0.attn.norm_q.weight")


def _original() -> dict[str, Widths]:
    modules: dict[str, Widths] = {}
    for block in (f"blocks.{{{_BLOCKS}}}", f"token_refiner.blocks.{{{_REFINERS}}}"):
        modules |= {
            f"{block}.attn.qkv_proj": (_HIDDEN, 3 * _HEADS),
            f"{block}.attn.out_proj": (_HEADS, _HIDDEN),
            f"{block}.mlp.fc1": (_HIDDEN, 2 * _INNER),
            f"{block}.mlp.fc2": (_INNER, _HIDDEN),
        }
    return modules | {
        f"blocks.{{{_BLOCKS}}}.adaln_proj.linear": (_TIMES, _SHIFTS * _HIDDEN),
        "video_patch_proj": (None, _HIDDEN),
        "audio_patch_proj": (None, _HIDDEN),
        "condition_proj": (_TEXT, _HIDDEN),
        "time_embedder.proj_in": (TIME, _HIDDEN),
        "time_embedder.proj_out": (_HIDDEN, _TIMES),
        "final_layer.adaln_proj.linear": (_TIMES, 2 * _HIDDEN),
        "final_layer.video_out": (_HIDDEN, None),
        "final_layer.audio_out": (_HIDDEN, None),
    }


def _diffusers() -> dict[str, Widths]:
    modules: dict[str, Widths] = {}
    own = f"transformer_blocks.{{{_BLOCKS}}}"
    for block in (own, f"token_refiner.refiner_blocks.{{{_REFINERS}}}"):
        modules |= {f"{block}.attn.{name}": (_HIDDEN, _HEADS) for name in ("to_q", "to_k", "to_v")}
        modules |= {
            f"{block}.attn.to_qkv": (_HIDDEN, 3 * _HEADS),
            f"{block}.attn.to_out.0": (_HEADS, _HIDDEN),
            f"{block}.ff.net.0.proj": (_HIDDEN, 2 * _INNER),
            f"{block}.ff.net.2": (_INNER, _HIDDEN),
        }
    return modules | {
        f"{own}.adaln_proj.linear": (_TIMES, _SHIFTS * _HIDDEN),
        "proj_in": (None, _HIDDEN),
        "audio_proj_in": (None, _HIDDEN),
        "context_embedder": (_TEXT, _HIDDEN),
        **two_layers("time_embedder", TIME, _HIDDEN, _TIMES),
        "norm_out.linear": (_TIMES, 2 * _HIDDEN),
        "proj_out": (_HIDDEN, None),
        "audio_proj_out": (_HIDDEN, None),
    }


FAMILY = Family(
    name="minimax-h3",
    base=_BASE,
    label="MiniMax-H3",
    words=("MiniMax H3",),
    sites={"civitai": ("MiniMax H3",)},
    declared=("minimax-h3", "minimax_h3", "minimaxh3"),
    marks=Marks(
        tensors=(
            AllOf(Has("video_patch_proj.bias"), Has("audio_patch_proj.bias")),
            AllOf(*(Has(name) for name in _OWN)),
        ),
        modules=(Module("blocks_#_attn_qkv_proj", (_HIDDEN,)),),
    ),
    rules=(
        main_file(
            _BASE,
            "original names",
            Has("video_patch_proj.bias", "audio_patch_proj.bias", "condition_proj.bias"),
            Dim("video_patch_proj.bias", 0, (_HIDDEN,), "hidden width"),
            Has("final_layer.video_out.bias"),
            variants=(Variant("pruned", (Has("adaln_t_table"),)), Variant("normal")),
        ),
        main_file(
            _BASE,
            "diffusers names",
            Has(*_OWN),
            Dim("audio_proj_in.bias", 0, (_HIDDEN,), "hidden width"),
            Has("transformer_blocks.0.adaln_proj.linear.bias"),
            variants=(Variant("normal"),),
        ),
        main_folder(
            _BASE,
            ("MiniMaxH3*",),
            ("MiniMaxH3Transformer3DModel",),
            variants=(Variant("normal"),),
        ),
        *table_adapters(_BASE, ModuleTable(_original()), ModuleTable(_diffusers())),
    ),
)

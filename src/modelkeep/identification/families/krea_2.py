"""Krea 2."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    gated_ways,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.Krea2
_HIDDEN, _GROUPED, _TEXT, _LAYERS = 6144, 1536, 2560, 12


def _attention(
    width: int, grouped: int, ways: tuple[str, ...], fused: tuple[str, ...]
) -> dict[str, Widths]:
    """Return attention: query, key, value, gate and output, and what fuses the first three."""
    query, key, value, gate, output = ways
    return {
        **same(width, query, gate, output),
        key: (width, grouped),
        value: (width, grouped),
        **dict.fromkeys(fused, (width, width + 2 * grouped)),
    }


def _blocks(
    attention: tuple[str, ...], fused: tuple[str, ...], mlp: str
) -> list[dict[str, Widths]]:
    """Return the modules of a block of pictures, and of one of text."""
    ways = ("gate", "up", "down")
    return [
        under("attn", _attention(width, grouped, attention, fused))
        | under(mlp, gated_ways(width, inner, ways))
        for width, grouped, inner in ((_HIDDEN, _GROUPED, 16384), (_TEXT, _TEXT, 6912))
    ]


def _original() -> dict[str, Widths]:
    picture, text = _blocks(("wq", "wk", "wv", "gate", "wo"), ("to_qkv", "wqkv"), "mlp")
    return {
        **under("blocks.{28}", picture),
        **under("txtfusion.layerwise_blocks.{2}", text),
        **under("txtfusion.refiner_blocks.{2}", text),
        "txtfusion.projector": (_LAYERS, 1),
        "first": (64, _HIDDEN),
        "tmlp.0": (256, _HIDDEN),
        "tmlp.2": (_HIDDEN, _HIDDEN),
        "tproj.1": (_HIDDEN, 6 * _HIDDEN),
        "txtmlp.1": (_TEXT, _HIDDEN),
        "txtmlp.3": (_HIDDEN, _HIDDEN),
        "last.linear": (_HIDDEN, 64),
    }


def _diffusers() -> dict[str, Widths]:
    ways = ("to_q", "to_k", "to_v", "to_gate", "to_out.0")
    picture, text = _blocks(ways, ("to_qkv",), "ff")
    return {
        **under("transformer_blocks.{28}", picture),
        **under("text_fusion.layerwise_blocks.{2}", text),
        **under("text_fusion.refiner_blocks.{2}", text),
        "text_fusion.projector": (_LAYERS, 1),
        "img_in": (64, _HIDDEN),
        "time_embed.linear_1": (256, _HIDDEN),
        "time_embed.linear_2": (_HIDDEN, _HIDDEN),
        "time_mod_proj": (_HIDDEN, 6 * _HIDDEN),
        "txt_in.linear_1": (_TEXT, _HIDDEN),
        "txt_in.linear_2": (_HIDDEN, _HIDDEN),
        "final_layer.linear": (_HIDDEN, 64),
    }


TABLES = (ModuleTable(_original()), ModuleTable(_diffusers()))

FAMILY = Family(
    name="krea-2",
    base=_BASE,
    label="Krea 2",
    sites={"civitai": ("Krea 2",)},
    declared=("krea-2", "krea2", "krea_2", "k2"),
    marks=Marks(
        tensors=(Has("txtfusion.projector.weight"), Has("text_fusion.projector.weight")),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("txtfusion.projector.weight", "first.weight", "last.linear.weight"),
            AnyOf(
                Dim("blocks.0.prenorm.scale", 0, (_HIDDEN,), "hidden width"),
                Dim("blocks.0.prenorm.weight", 0, (_HIDDEN,), "hidden width"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("text_fusion.projector.weight", "time_mod_proj.weight"),
            Dim("transformer_blocks.0.norm1.weight", 0, (_HIDDEN,), "hidden width"),
            Has("final_layer.scale_shift_table"),
        ),
        main_folder(_BASE, ("Krea2*Pipeline",), ("Krea2Transformer2DModel",)),
        *table_adapters(_BASE, *TABLES),
    ),
)

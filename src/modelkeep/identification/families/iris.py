"""Iris: images without an autoencoder, from blocks of two streams and then of one."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._transformers import (
    ORIGINAL,
    gated_ways,
    main_file,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.Iris
_HIDDEN, _GROUPED, _INNER, _TEXT = 2560, 640, 6826, 2560
_POOL = Has("y_embedder.layer_pool.weight")


def _stream(place: str, end: str, output: str) -> dict[str, Widths]:
    """Return attention and feed-forward of a stream; ``end`` stands behind their names."""
    grouped = (f"{place}k_proj{end}", f"{place}v_proj{end}")
    return {
        **same(_HIDDEN, f"{place}q_proj{end}", output, f"attn_gate{end}"),
        **dict.fromkeys(grouped, (_HIDDEN, _GROUPED)),
        **under(f"mlp{end}", gated_ways(_HIDDEN, _INNER)),
    }


def _table() -> ModuleTable:
    block = _stream("", "", "attn_proj")
    for stream in ("x", "y"):
        block |= _stream("attn.", f"_{stream}", f"attn.proj_{stream}")
    refined: dict[str, Widths] = {
        "attn.qkv": (_HIDDEN, 3 * _HIDDEN),
        "attn.proj": (_HIDDEN, _HIDDEN),
        **under("mlp", gated_ways(_HIDDEN, _INNER)),
    }
    layer: dict[str, Widths] = {
        "attn.qkv": (_TEXT, 3 * _TEXT),
        "attn.proj": (_TEXT, _TEXT),
        "mlp.0": (_TEXT, 3328),
        "mlp.2": (3328, _TEXT),
    }
    return ModuleTable(
        {
            **under("blocks.{24}", block),
            **under("y_embedder.layer_blocks.{2}", layer),
            **under("y_embedder.refiner.blocks.{2}", refined),
            "y_embedder.layer_pool": (12, 1),
            "y_embedder.refiner.proj": (_TEXT, _HIDDEN),
            "s_embedder.proj": (768, _HIDDEN),
        }
    )


TABLE = _table()

FAMILY = Family(
    name="iris",
    base=_BASE,
    label="Iris",
    declared=("iris",),
    marks=Marks(tensors=(_POOL,)),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            _POOL,
            Has("pixel_embedder.proj.weight", "s_embedder.proj.weight"),
            Dim("y_embedder.refiner.norm.weight", 0, (_HIDDEN,), "hidden width"),
        ),
        *table_adapters(_BASE, TABLE),
    ),
)

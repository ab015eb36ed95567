"""Anima: Cosmos Predict2 with an adapter for a language model."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._cosmos_blocks import diffusers, predict2
from modelkeep.identification.families._transformers import (
    ORIGINAL,
    main_file,
    main_folder,
    same,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.Anima
_TEXT = 1024
_MARK = Has("llm_adapter.blocks.0.cross_attn.q_proj.weight")


def _adapter(place: str) -> dict[str, Widths]:
    """Return the modules between the language model and the transformer."""
    names = ("q_proj", "k_proj", "v_proj", "o_proj")
    block = under("self_attn", same(_TEXT, *names)) | under("cross_attn", same(_TEXT, *names))
    block |= {"mlp.0": (_TEXT, 4 * _TEXT), "mlp.2": (4 * _TEXT, _TEXT)}
    return under(place, under("blocks.{6}", block) | same(_TEXT, "in_proj", "out_proj"))


TABLES = (
    ModuleTable(predict2(2048, 28) | _adapter("llm_adapter")),
    ModuleTable(diffusers(2048, 28) | _adapter("text_conditioner")),
)

FAMILY = Family(
    name="anima",
    base=_BASE,
    label="Anima",
    sites={"civitai": ("Anima",)},
    declared=("anima-preview", "anima"),
    marks=Marks(tensors=(_MARK,), modules=(Module("llm_adapter_*"),)),
    rules=(
        main_file(_BASE, ORIGINAL, _MARK, Has("blocks.0.mlp.layer1.weight")),
        main_folder(_BASE, ("AnimaPipeline", "AnimaModularPipeline"), ()),
        *table_adapters(_BASE, *TABLES),
    ),
)

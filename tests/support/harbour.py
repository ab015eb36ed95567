"""A made-up family in one file, and a model of it."""

from __future__ import annotations

from pathlib import Path

from sample_models import typed, write_safetensors

_FAMILY = """
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import Declares, Dim, Has
from modelkeep.identification.family import Family, Lineage
from modelkeep.identification.rules import Rule, Variant

_BASE = BaseModelType("harbour-1")

FAMILY = Family(
    name="harbour",
    base=_BASE,
    label="Harbour One",
    words=("Port",),
    sites={"civitai": ("Harbour.1 D",)},
    declared=("harbour-model",),
    lineages=(Lineage("jetty", r"\\bjetty"),),
    rules=(
        Rule(
            name="NAME",
            type=ModelType.Main,
            base=_BASE,
            format=ModelFormat.Checkpoint,
            requires=(
                Has("tide.weight"),
                Dim("tide.weight", 0, (64,), "the tide's width"),
                Declares("harbour-1"),
            ),
            variants=(Variant("spring", (Has("moon.weight"),)), Variant("neap")),
            before=BEFORE,
        ),
    ),
)
"""


def family_text(name: str = "harbour main", before: str = "()") -> str:
    """Return the file of the family.

    Args:
        name: Of its rule.
        before: Source of what its rule comes before.
    """
    return _FAMILY.replace("NAME", name).replace("BEFORE", before)


def harbour_model(path: Path) -> Path:
    """Write a checkpoint that only this family knows."""
    shapes = {
        "model.diffusion_model.tide.weight": (64, 2),
        "model.diffusion_model.moon.weight": (1,),
    }
    return write_safetensors(
        path, typed(shapes), {"modelspec.architecture": "Harbour-Model/v1 Jetty"}
    )

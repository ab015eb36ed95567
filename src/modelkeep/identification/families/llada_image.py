"""LLaDA-Image: Z-Image's layers on the latents of FLUX.2."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Fits,
    Has,
    Module,
    PipelineClass,
)
from modelkeep.identification.families import z_image
from modelkeep.identification.families._adapters import adapters
from modelkeep.identification.families._flow_models import declared_modules, main_folder
from modelkeep.identification.families._transformers import ORIGINAL, main_file, under
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.LLaDAImage
_OWN = Module("sigvq_*")


def _modules() -> dict[str, Widths]:
    """Return Z-Image's modules, and those for a third kind of tokens."""
    ends: dict[str, Widths] = {
        "linear": (z_image.WIDTH, 128),
        "adaLN_modulation.1": (z_image.TIME, z_image.WIDTH),
    }
    modules = z_image.modules()
    refiner = {
        name.replace("context_refiner", "sigvq_refiner"): widths
        for name, widths in modules.items()
        if name.startswith("context_refiner")
    }
    return (
        refiner
        | under("all_final_layer.1-1", ends)
        | {
            "all_x_embedder.1-1": (128, z_image.WIDTH),
            "semantic_embedder.1": (None, z_image.WIDTH),
            "sigvq_embedder.1": (None, z_image.WIDTH),
        }
        | modules
    )


_TABLE = ModuleTable(_modules())

FAMILY = Family(
    name="llada-image",
    base=_BASE,
    label="LLaDA-Image",
    declared=("llada-image", "llada_image", "llada"),
    marks=Marks(
        tensors=(Has("sigvq_embedder.1.weight"), Has("sigvq_pad_token")),
        modules=(_OWN,),
        folders=(PipelineClass("LLaDAImage*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("sigvq_embedder.1.weight", "cap_embedder.1.weight", "cap_pad_token"),
            AnyOf(Has("all_x_embedder.1-1.weight"), Has("x_embedder.weight")),
        ),
        main_folder(_BASE, "LLaDAImageTransformer2DModel", pipelines=("LLaDAImage*",)),
        # All other modules are Z-Image's: only a header tells.
        *adapters(_BASE, AnyOf(AllOf(_OWN, Fits(_TABLE)), declared_modules(_BASE, _TABLE))),
    ),
)

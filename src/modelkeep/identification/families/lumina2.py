"""Lumina 2, and NewBie, which has more layers and a second text encoder."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, Lacks, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._next_dit import (
    modulation,
    original_modules,
    split_attention,
    split_feed_forward,
)
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    two_layers,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Lumina2
_WIDTH, _NARROW, _INNER, _TIME = 2304, 768, 9216, 1024
_LAYERS, _TEXT = 26, 2304
_NEWBIE_LAYERS, _NEWBIE_TEXT = 36, 2560
_REFINERS = ("noise_refiner", "context_refiner")


def _original(count: int, text: int) -> dict[str, Widths]:
    return modulation(_WIDTH, _TIME, count, "adaLN_modulation.1") | original_modules(
        _WIDTH, _INNER, count, text=text, narrow=_NARROW, time=_TIME
    )


_DIFFUSERS = (
    split_attention(_WIDTH, _NARROW, _LAYERS, "attn", *_REFINERS)
    | split_feed_forward(_WIDTH, _INNER, _LAYERS, *_REFINERS)
    | modulation(_WIDTH, _TIME, _LAYERS, "norm1.linear")
    | two_layers("time_caption_embed.timestep_embedder", 256, _TIME, _TIME)
    | {
        "x_embedder": (64, _WIDTH),
        "time_caption_embed.caption_embedder.1": (_TEXT, _WIDTH),
        "norm_out.linear_1": (_TIME, _WIDTH),
        "norm_out.linear_2": (_WIDTH, 64),
    }
)
_POOLED: dict[str, Widths] = {
    "clip_text_pooled_proj.1": (None, None),
    "time_text_embed.1": (None, None),
}
TABLES = (
    ModuleTable(_original(_LAYERS, _TEXT), fits=("normal",)),
    ModuleTable(_DIFFUSERS, fits=("normal",)),
    ModuleTable(_original(_NEWBIE_LAYERS, _NEWBIE_TEXT) | _POOLED, fits=("newbie",)),
)

FAMILY = Family(
    name="lumina2",
    base=_BASE,
    label="Lumina 2",
    words=("Lumina-Image 2.0", "NewBie", "Neta Lumina"),
    sites={"civitai": ("Lumina",)},
    declared=("lumina", "newbie"),
    marks=Marks(
        tensors=(
            Dim("cap_embedder.1.bias", 0, (_WIDTH,), "hidden width"),
            Dim("cap_embedder.1.weight", 1, (2304,), "the width of the text"),
        ),
        folders=(PipelineClass("Lumina2*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("cap_embedder.1.weight", "noise_refiner.0.attention_norm1.weight"),
            Dim("noise_refiner.0.attention_norm1.weight", 0, (_WIDTH,), "hidden width"),
            Has("layers.0.attention_norm1.weight", "context_refiner.0.attention_norm1.weight"),
            Lacks("cap_pad_token", "sigvq_embedder.1.weight"),
            variants=(
                Variant("newbie", (Has("clip_text_pooled_proj.0.weight"),)),
                Variant("normal"),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("time_caption_embed.caption_embedder.1.weight"),
            Dim("noise_refiner.0.norm1.norm.weight", 0, (_WIDTH,), "hidden width"),
            Has("layers.0.norm1.norm.weight", "context_refiner.0.norm1.weight"),
            Lacks("ref_image_refiner.0.norm1.norm.weight", "ref_image_patch_embedder.weight"),
        ),
        main_folder(_BASE, "Lumina2Transformer2DModel", pipelines=("Lumina2*",)),
        *table_adapters(_BASE, *TABLES),
    ),
)

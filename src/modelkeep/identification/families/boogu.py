"""Boogu: OmniGen 2's refiners, then double and single layers."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import AnyOf, Has, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._next_dit import (
    modulation,
    split_attention,
    split_feed_forward,
)
from modelkeep.identification.families._transformers import ORIGINAL, main_file, two_layers
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.Boogu
_WIDTH, _NARROW, _INNER, _TIME, _TEXT = 3360, 840, 13568, 1024, 4096
_SINGLE = 32
_REFINERS = ("noise_refiner", "ref_image_refiner", "context_refiner")
_DOUBLE = "double_stream_layers"


def _modules() -> dict[str, Widths]:
    """Return the modules outside of the double layers."""
    blocks = (
        split_attention(_WIDTH, _NARROW, _SINGLE, "attn", *_REFINERS)
        | split_feed_forward(_WIDTH, _INNER, _SINGLE, *_REFINERS)
        | modulation(_WIDTH, _TIME, _SINGLE, "norm1.linear")
    )
    return {
        f"single_stream_{name}" if name.startswith("layers.") else name: widths
        for name, widths in blocks.items()
    } | {
        **two_layers("time_caption_embed.timestep_embedder", 256, _TIME, _TIME),
        "ref_image_refiner.{2}.norm1.linear": (_TIME, 4 * _WIDTH),
        "time_caption_embed.caption_embedder.1": (_TEXT, _WIDTH),
        "x_embedder": (64, _WIDTH),
        "ref_image_patch_embedder": (64, _WIDTH),
        "norm_out.linear_1": (_TIME, _WIDTH),
        "norm_out.linear_2": (_WIDTH, 64),
    }


FAMILY = Family(
    name="boogu",
    base=_BASE,
    label="Boogu",
    words=("Boogu-Image",),
    sites={"civitai": ("Boogu",)},
    declared=("boogu",),
    marks=Marks(
        tensors=(
            Has(f"{_DOUBLE}.0.img_instruct_attn.norm_q.weight"),
            Has(f"{_DOUBLE}.0.img_instruct_attn.to_q.weight"),
        ),
        modules=(Module(f"{_DOUBLE}_#_*"), Module("single_stream_layers_#_*")),
        folders=(PipelineClass("Boogu*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            AnyOf(
                Has(f"{_DOUBLE}.0.img_instruct_attn.norm_q.weight"),
                Has(f"{_DOUBLE}.0.img_instruct_attn.to_q.weight"),
                Has(f"{_DOUBLE}.0.img_instruct_attn.to_out.0.weight"),
                Has(f"{_DOUBLE}.0.img_instruct_attn.processor.img_to_q.weight"),
            ),
            Has("time_caption_embed.caption_embedder.1.weight", "x_embedder.weight"),
        ),
        main_folder(
            _BASE,
            "BooguImageTransformer2DModel",
            "BooguTransformer2DModel",
            pipelines=("Boogu*",),
        ),
        *table_adapters(
            _BASE, ModuleTable(_modules()), others=(Module(f"{_DOUBLE}_#_img_instruct_attn_*"),)
        ),
    ),
)

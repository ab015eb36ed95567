"""OmniGen 2: Lumina 2's layers with a refiner for pictures that it looks at."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has, Lacks, Module, PipelineClass
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

_BASE = BaseModelType.OmniGen2
_WIDTH, _NARROW, _INNER, _TIME, _TEXT, _LAYERS = 2520, 840, 10240, 1024, 2048, 32
_REFINERS = ("noise_refiner", "ref_image_refiner", "context_refiner")


def _modules() -> dict[str, Widths]:
    return (
        split_attention(_WIDTH, _NARROW, _LAYERS, "attn", *_REFINERS)
        | split_feed_forward(_WIDTH, _INNER, _LAYERS, *_REFINERS)
        | modulation(_WIDTH, _TIME, _LAYERS, "norm1.linear")
        | two_layers("time_caption_embed.timestep_embedder", 256, _TIME, _TIME)
        | {
            "ref_image_refiner.{2}.norm1.linear": (_TIME, 4 * _WIDTH),
            "time_caption_embed.caption_embedder.1": (_TEXT, _WIDTH),
            "x_embedder": (64, _WIDTH),
            "ref_image_patch_embedder": (64, _WIDTH),
            "norm_out.linear_1": (_TIME, _WIDTH),
            "norm_out.linear_2": (_WIDTH, 64),
        }
    )


FAMILY = Family(
    name="omnigen2",
    base=_BASE,
    label="OmniGen2",
    words=("OmniGen 2",),
    declared=("omnigen2", "omnigen-2", "omnigen_2"),
    marks=Marks(
        # Boogu has the first two as well.
        tensors=(
            Has(
                "ref_image_patch_embedder.weight",
                "ref_image_refiner.0.norm1.norm.weight",
                "layers.0.norm1.norm.weight",
            ),
        ),
        modules=(Module("ref_image_refiner_#_attn_to_q", (_WIDTH,)),),
        folders=(PipelineClass("OmniGen2*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("ref_image_patch_embedder.weight", "time_caption_embed.caption_embedder.1.weight"),
            Dim("ref_image_patch_embedder.bias", 0, (_WIDTH,), "hidden width"),
            Has("layers.0.norm1.norm.weight", "image_index_embedding"),
            Lacks("double_stream_layers.0.img_instruct_attn.to_q.weight"),
        ),
        main_folder(_BASE, "OmniGen2Transformer2DModel", pipelines=("OmniGen2*",)),
        *table_adapters(_BASE, ModuleTable(_modules())),
    ),
)

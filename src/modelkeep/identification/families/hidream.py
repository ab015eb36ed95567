"""HiDream-I1 and E1: experts in every block, text of a language model in each."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Module, NameHint, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import (
    ORIGINAL,
    main_file,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Lineage, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.HiDream
_WIDTH, _SHARED, _INNER, _TEXT = 2560, 3584, 6912, 4096
_DOUBLE, _SINGLE, _CAPTIONS = 16, 32, 49


def _experts(inner: int) -> dict[str, Widths]:
    return {"w1": (_WIDTH, inner), "w2": (inner, _WIDTH), "w3": (_WIDTH, inner)}


def _modules() -> dict[str, Widths]:
    """Return all modules; diffusers kept the original names."""
    own = ("to_q", "to_k", "to_v", "to_out")
    double, single = (
        f"double_stream_blocks.{{{_DOUBLE}}}.block",
        f"single_stream_blocks.{{{_SINGLE}}}.block",
    )
    picture = under("ff_i.shared_experts", _experts(_SHARED)) | under(
        "ff_i.experts.{4}", _experts(_INNER)
    )
    return (
        under(f"{double}.attn1", same(_WIDTH, *own, *(f"{name}_t" for name in own)))
        | under(f"{single}.attn1", same(_WIDTH, *own))
        | under(double, picture)
        | under(f"{double}.ff_t", _experts(_INNER))
        | under(single, picture)
        | two_layers("t_embedder.timestep_embedder", 256, _WIDTH, _WIDTH)
        | two_layers("p_embedder.pooled_embedder", 2048, _WIDTH, _WIDTH)
        | {
            f"{double}.adaLN_modulation.1": (_WIDTH, 12 * _WIDTH),
            f"{single}.adaLN_modulation.1": (_WIDTH, 6 * _WIDTH),
            f"caption_projection.{{{_CAPTIONS}}}.linear": (_TEXT, _WIDTH),
            "x_embedder.proj": (64, _WIDTH),
            "final_layer.linear": (_WIDTH, 64),
            "final_layer.adaLN_modulation.1": (_WIDTH, 2 * _WIDTH),
        }
    )


#: The three have the same tensors: the names of files tell them.
_VARIANTS = (
    Variant("dev", (NameHint(r"\bdev\b"),)),
    Variant("fast", (NameHint(r"\bfast\b"),)),
    Variant("full"),
)

FAMILY = Family(
    name="hidream",
    base=_BASE,
    label="HiDream",
    words=("HiDream-I1",),
    sites={"civitai": ("HiDream",)},
    declared=("hidream",),
    marks=Marks(
        tensors=(
            Has(
                "caption_projection.0.linear.weight", "double_stream_blocks.0.block.ff_t.w1.weight"
            ),
        ),
        modules=(Module("double_stream_blocks_*"),),
        folders=(PipelineClass("HiDreamImage*"),),
    ),
    lineages=(Lineage("hidream-e1", r"\bhidream e1|\be1 (full|1)\b"),),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("caption_projection.0.linear.weight"),
            Has("double_stream_blocks.0.block.attn1.q_rms_norm_t.weight"),
            Has("single_stream_blocks.0.block.attn1.q_rms_norm.weight", "x_embedder.proj.weight"),
            variants=_VARIANTS,
        ),
        main_folder(
            _BASE,
            "HiDreamImageTransformer2DModel",
            pipelines=("HiDreamImage*",),
            variants=_VARIANTS,
        ),
        *table_adapters(_BASE, ModuleTable(_modules())),
    ),
)

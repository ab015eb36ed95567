"""FLUX.2: dev, and klein in two sizes."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Dim,
    Has,
    Lacks,
    Module,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._double_stream import (
    gated_diffusers_modules,
    gated_original_modules,
)
from modelkeep.identification.families._flow_models import main_folder, norm
from modelkeep.identification.families._transformers import DIFFUSERS, ORIGINAL, config, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Flux2
#: Hidden width, double and single blocks, and width of the text of each size.
_SIZES = {
    "dev": (6144, 8, 48, 15360),
    "klein-9b": (4096, 8, 24, 12288),
    "klein-4b": (3072, 5, 20, 7680),
}
_TEXTS = tuple(text for *_, text in _SIZES.values())


def _variants(modulation: str, last: str) -> tuple[Variant, ...]:
    """Tell the sizes by a width; by the number of blocks where the width is packed."""
    by_width = tuple(
        Variant(name, (Dim(modulation, 0, (6 * hidden,), "the modulation's width"),))
        for name, (hidden, *_) in _SIZES.items()
    )
    by_count = tuple(
        Variant(name, (norm(last.format(single - 1)),))
        for name, (_, _, single, _) in _SIZES.items()
    )
    return by_width + by_count


TABLES = tuple(
    ModuleTable(modules(*size), fits=(name,))
    for name, size in _SIZES.items()
    for modules in (gated_original_modules, gated_diffusers_modules)
)

FAMILY = Family(
    name="flux2",
    base=_BASE,
    label="FLUX.2",
    words=("FLUX.2 dev", "FLUX.2 klein"),
    sites={
        "civitai": (
            "Flux.2 D",
            "Flux.2 Klein 4B",
            "Flux.2 Klein 4B-base",
            "Flux.2 Klein 9B",
            "Flux.2 Klein 9B-base",
        )
    },
    declared=("flux-2", "flux.2", "flux2"),
    kin="flux",
    marks=Marks(
        # SeFi-Image is built on it and has its tensors.
        tensors=tuple(
            AllOf(Has(f"double_stream_modulation_img.{name}.weight"), Lacks("dual_time_embed.*"))
            for name in ("lin", "linear")
        ),
        modules=(
            # Its feed-forward is gated and so half as wide again; its text context is wider.
            *(
                Module(f"double_blocks_#_{stream}_mlp_0", (6 * hidden,), "out")
                for stream in ("img", "txt")
                for hidden, *_ in _SIZES.values()
            ),
            *(Module("single_blocks_#_linear1", (9 * size[0],), "out") for size in _SIZES.values()),
            Module("*txt_in", _TEXTS),
            Module("context_embedder", _TEXTS),
            Module("double_stream_modulation_*"),
            Module("single_stream_modulation_*"),
            Module("single_transformer_blocks_#_attn_to_qkv_mlp_proj"),
            Module("transformer_blocks_#_ff_linear_*"),
            Module("transformer_blocks_#_ff_context_linear_*"),
        ),
        folders=(PipelineClass("Flux2*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            AnyOf(
                Has("double_stream_modulation_img.lin.weight"),
                Has("double_stream_modulation_img.lin.qweight"),
            ),
            norm("double_blocks.0.img_attn.norm.key_norm"),
            norm("single_blocks.0.norm.key_norm"),
            variants=_variants(
                "double_stream_modulation_img.lin.weight", "single_blocks.{}.norm.key_norm"
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            AnyOf(
                Has("double_stream_modulation_img.linear.weight"),
                Has("double_stream_modulation_img.linear.qweight"),
            ),
            AnyOf(
                Has("single_transformer_blocks.0.attn.norm_q.weight"),
                Has("single_transformer_blocks.0.norm_q.weight"),
            ),
            Lacks("controlnet_blocks.0.weight"),
            variants=_variants(
                "double_stream_modulation_img.linear.weight",
                "single_transformer_blocks.{}.attn.norm_q",
            ),
        ),
        main_folder(
            _BASE,
            "Flux2Transformer2DModel",
            pipelines=("Flux2*",),
            variants=(
                Variant("klein-4b", (config("num_attention_heads", 24),)),
                Variant("klein-9b", (config("num_attention_heads", 32),)),
                Variant("dev", (config("num_attention_heads", 48, absent=True),)),
            ),
        ),
        *table_adapters(_BASE, *TABLES),
    ),
)

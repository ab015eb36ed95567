"""Chroma, which was made from FLUX.1, and Chroma Radiance, which works on pixels."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    Fits,
    Has,
    Lacks,
    Module,
    PipelineClass,
)
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._double_stream import diffusers_blocks, original_blocks
from modelkeep.identification.families._flow_models import declared_modules, main_folder, norm
from modelkeep.identification.families._transformers import DIFFUSERS, ORIGINAL, main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.Chroma
_HIDDEN, _TEXT = 3072, 4096
#: Width inside of what computes the modulation of all blocks.
_GUIDANCE = 5120
_GUIDANCE_LAYERS = 5
_RADIANCE = AnyOf(
    Has("nerf_blocks.0.norm.scale"),
    Has("nerf_blocks.0.norm.weight"),
    Has("nerf_image_embedder.embedder.0.weight"),
)


def _guidance(first: str, second: str) -> dict[str, Widths]:
    layer = f"distilled_guidance_layer.layers.{{{_GUIDANCE_LAYERS}}}"
    return {
        "distilled_guidance_layer.in_proj": (64, _GUIDANCE),
        f"{layer}.{first}": (_GUIDANCE, _GUIDANCE),
        f"{layer}.{second}": (_GUIDANCE, _GUIDANCE),
        "distilled_guidance_layer.out_proj": (_GUIDANCE, _HIDDEN),
    }


def _without_modulation(modules: dict[str, Widths]) -> dict[str, Widths]:
    """Return the modules of FLUX.1 that Chroma kept."""
    gone = ("_mod.lin", ".modulation.lin", ".norm.linear", "norm1.linear", "norm1_context.linear")
    return {name: widths for name, widths in modules.items() if not name.endswith(gone)}


_OWN_MODULE = Module("distilled_guidance_layer_*")
_PIXELS: dict[str, Widths] = {
    "img_in_patch": (3, _HIDDEN),
    "nerf_image_embedder.embedder.0": (67, 64),
    "nerf_blocks.{4}.param_generator": (_HIDDEN, 49152),
    "nerf_final_layer.linear": (64, 3),
    "nerf_final_layer_conv.conv": (64, 3),
}
_KEPT = _without_modulation(original_blocks(_HIDDEN, 19, 38, 4 * _HIDDEN)) | {
    "img_in": (64, _HIDDEN),
    "txt_in": (_TEXT, _HIDDEN),
    "final_layer.linear": (_HIDDEN, 64),
}
_ORIGINAL = ModuleTable(_KEPT | _guidance("in_layer", "out_layer") | _PIXELS)
_DIFFUSERS = ModuleTable(
    _without_modulation(diffusers_blocks(_HIDDEN, 19, 38, 4 * _HIDDEN))
    | _guidance("linear_1", "linear_2")
    | {"x_embedder": (64, _HIDDEN), "context_embedder": (_TEXT, _HIDDEN), "proj_out": (_HIDDEN, 64)}
)

FAMILY = Family(
    name="chroma",
    base=_BASE,
    label="Chroma",
    words=("Chroma Radiance",),
    sites={"civitai": ("Chroma",)},
    declared=("chroma",),
    kin="flux",
    marks=Marks(
        tensors=(
            Has("distilled_guidance_layer.norms.0.scale"),
            Has("distilled_guidance_layer.norms.0.weight"),
            Has("distilled_guidance_layer.layers.0.in_layer.weight"),
            Has("distilled_guidance_layer.layers.0.linear_1.weight"),
            Has("nerf_blocks.0.norm.scale"),
        ),
        modules=(_OWN_MODULE,),
        folders=(PipelineClass("Chroma*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            norm("distilled_guidance_layer.norms.0"),
            norm("double_blocks.0.img_attn.norm.key_norm"),
            norm("single_blocks.0.norm.key_norm"),
            Has("txt_in.weight"),
            Lacks("controlnet_blocks.0.weight"),
            variants=(
                Variant("radiance", (_RADIANCE,)),
                Variant("normal", (Has("img_in.weight"),)),
            ),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("distilled_guidance_layer.norms.0.weight", "x_embedder.weight"),
            Has("transformer_blocks.0.attn.norm_added_q.weight"),
            Has("single_transformer_blocks.0.attn.norm_q.weight"),
            Lacks("controlnet_blocks.0.weight", "double_blocks.0.img_attn.proj.weight"),
        ),
        main_folder(_BASE, "ChromaTransformer2DModel", pipelines=("Chroma*",)),
        # In the original names trainers give the LoRAs of Chroma the modules of FLUX.1, and no
        # more: those that published LoRAs of FLUX.1 have. Only a declaration tells them apart.
        *table_adapters(
            _BASE,
            _DIFFUSERS,
            others=(AllOf(_OWN_MODULE, Fits(_ORIGINAL)), declared_modules(_BASE, _ORIGINAL)),
        ),
    ),
)

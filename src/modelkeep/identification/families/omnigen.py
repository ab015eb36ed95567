"""OmniGen 1: a language model that takes and gives patches of pictures."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import main_folder
from modelkeep.identification.families._transformers import (
    DIFFUSERS,
    ORIGINAL,
    main_file,
    same,
    two_layers,
    under,
)
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.module_tables import ModuleTable, Widths

_BASE = BaseModelType.OmniGen
_WIDTH, _INNER, _LAYERS = 3072, 8192, 32


def _diffusers() -> dict[str, Widths]:
    layer = f"layers.{{{_LAYERS}}}"
    return (
        under(f"{layer}.self_attn", same(_WIDTH, "to_q", "to_k", "to_v", "to_out.0"))
        | two_layers("time_token", 256, _WIDTH, _WIDTH)
        | two_layers("t_embedder", 256, _WIDTH, _WIDTH)
        | {
            f"{layer}.mlp.gate_up_proj": (_WIDTH, 2 * _INNER),
            f"{layer}.mlp.down_proj": (_INNER, _WIDTH),
            "patch_embedding.output_image_proj": (4, _WIDTH),
            "patch_embedding.input_image_proj": (4, _WIDTH),
            "norm_out.linear": (_WIDTH, 2 * _WIDTH),
            "proj_out": (_WIDTH, 16),
        }
    )


def _original() -> dict[str, Widths]:
    layer = f"llm.layers.{{{_LAYERS}}}"
    modules: dict[str, Widths] = {
        f"{layer}.self_attn.qkv_proj": (_WIDTH, 3 * _WIDTH),
        f"{layer}.self_attn.o_proj": (_WIDTH, _WIDTH),
        f"{layer}.mlp.gate_up_proj": (_WIDTH, 2 * _INNER),
        f"{layer}.mlp.down_proj": (_INNER, _WIDTH),
        "x_embedder.proj": (4, _WIDTH),
        "input_x_embedder.proj": (4, _WIDTH),
        "final_layer.linear": (_WIDTH, 16),
        "final_layer.adaLN_modulation.1": (_WIDTH, 2 * _WIDTH),
    }
    for name in ("time_token", "t_embedder"):
        modules |= {f"{name}.mlp.0": (256, _WIDTH), f"{name}.mlp.2": (_WIDTH, _WIDTH)}
    return modules


FAMILY = Family(
    name="omnigen",
    base=_BASE,
    label="OmniGen",
    words=("OmniGen 1", "OmniGen v1"),
    declared=("omnigen", "omnigen-v1", "omnigen_v1"),
    marks=Marks(
        tensors=(
            Has("patch_embedding.input_image_proj.weight"),
            Has("input_x_embedder.proj.weight", "time_token.mlp.0.weight"),
        ),
        folders=(PipelineClass("OmniGenPipeline"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("input_x_embedder.proj.weight", "time_token.mlp.0.weight"),
            Has("llm.layers.0.input_layernorm.weight"),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has("patch_embedding.input_image_proj.weight", "time_token.linear_1.weight"),
            Has("layers.0.input_layernorm.weight"),
        ),
        main_folder(_BASE, "OmniGenTransformer2DModel", pipelines=("OmniGenPipeline",)),
        *table_adapters(_BASE, ModuleTable(_original()), ModuleTable(_diffusers())),
    ),
)

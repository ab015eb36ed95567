"""Hunyuan-DiT: cross-attention to two text encoders."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Has, Lacks, Module, PipelineClass
from modelkeep.identification.families._adapters import table_adapters
from modelkeep.identification.families._flow_models import feed_forward, main_folder
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

_BASE = BaseModelType.HunyuanDiT
_WIDTH, _TEXT, _LONG_TEXT, _INNER, _BLOCKS = 1408, 1024, 2048, 6144, 40
_BLOCK = f"blocks.{{{_BLOCKS}}}"


def _original() -> dict[str, Widths]:
    return {
        f"{_BLOCK}.attn1.Wqkv": (_WIDTH, 3 * _WIDTH),
        f"{_BLOCK}.attn1.out_proj": (_WIDTH, _WIDTH),
        f"{_BLOCK}.attn2.q_proj": (_WIDTH, _WIDTH),
        f"{_BLOCK}.attn2.kv_proj": (_TEXT, 2 * _WIDTH),
        f"{_BLOCK}.attn2.out_proj": (_WIDTH, _WIDTH),
        f"{_BLOCK}.mlp.fc1": (_WIDTH, _INNER),
        f"{_BLOCK}.mlp.fc2": (_INNER, _WIDTH),
        f"{_BLOCK}.default_modulation.1": (_WIDTH, _WIDTH),
        f"{_BLOCK}.skip_linear": (2 * _WIDTH, _WIDTH),
        "mlp_t5.0": (_LONG_TEXT, 4 * _LONG_TEXT),
        "mlp_t5.2": (4 * _LONG_TEXT, _TEXT),
        **under("pooler", _pooler()),
        "extra_embedder.0": (None, 4 * _WIDTH),
        "extra_embedder.2": (4 * _WIDTH, _WIDTH),
        "t_embedder.mlp.0": (256, _WIDTH),
        "t_embedder.mlp.2": (_WIDTH, _WIDTH),
        "x_embedder.proj": (4, _WIDTH),
        "final_layer.linear": (_WIDTH, 32),
        "final_layer.adaLN_modulation.1": (_WIDTH, 2 * _WIDTH),
    }


def _pooler() -> dict[str, Widths]:
    return same(_LONG_TEXT, "k_proj", "q_proj", "v_proj") | {"c_proj": (_LONG_TEXT, 1024)}


def _diffusers() -> dict[str, Widths]:
    own = same(_WIDTH, "to_q", "to_k", "to_v", "to_out.0")
    times = "time_extra_emb"
    return (
        under(f"{_BLOCK}.attn1", own)
        | under(f"{_BLOCK}.attn2", own | {"to_k": (_TEXT, _WIDTH), "to_v": (_TEXT, _WIDTH)})
        | under(f"{_BLOCK}.ff", feed_forward(_WIDTH, _INNER))
        | two_layers("text_embedder", _LONG_TEXT, 4 * _LONG_TEXT, _TEXT)
        | two_layers(f"{times}.timestep_embedder", 256, _WIDTH, _WIDTH)
        | two_layers(f"{times}.extra_embedder", None, 4 * _WIDTH, _WIDTH)
        | under(f"{times}.pooler", _pooler())
        | {
            f"{_BLOCK}.norm1.linear": (_WIDTH, _WIDTH),
            f"{_BLOCK}.skip_linear": (2 * _WIDTH, _WIDTH),
            "pos_embed.proj": (4, _WIDTH),
            "norm_out.linear": (_WIDTH, 2 * _WIDTH),
            "proj_out": (_WIDTH, 32),
        }
    )


FAMILY = Family(
    name="hunyuan-dit",
    base=_BASE,
    label="Hunyuan-DiT",
    words=("HunyuanDiT",),
    sites={"civitai": ("Hunyuan 1",)},
    declared=("hunyuan-dit", "hunyuandit", "hydit"),
    marks=Marks(
        tensors=(
            Has("mlp_t5.0.weight"),
            Has("time_extra_emb.pooler.positional_embedding", "text_embedding_padding"),
        ),
        modules=(Module("blocks_#_attn2_to_k", (_TEXT,)),),
        folders=(PipelineClass("HunyuanDiT*"),),
    ),
    rules=(
        main_file(
            _BASE,
            ORIGINAL,
            Has("mlp_t5.0.weight", "text_embedding_padding", "blocks.0.attn1.Wqkv.weight"),
            Lacks("after_proj_list.0.weight"),
        ),
        main_file(
            _BASE,
            DIFFUSERS,
            Has(
                "text_embedding_padding",
                "blocks.0.attn2.norm_q.weight",
                "text_embedder.linear_1.bias",
            ),
            Lacks("controlnet_blocks.0.weight", "input_block.weight"),
        ),
        main_folder(_BASE, "HunyuanDiT2DModel", pipelines=("HunyuanDiT*",)),
        *table_adapters(_BASE, ModuleTable(_original()), ModuleTable(_diffusers())),
    ),
)

"""Cosmos of every release, and Anima."""

from __future__ import annotations

from sample_models import Shapes
from unit.identification.cases import Case
from unit.identification.making import folder_cases, lora_cases, main_cases

_PREFIXES = ("", "net.", "model.diffusion_model.")
_HEADS = {2048: 16, 4096: 32, 5120: 40}


def _predict1(hidden: int, inputs: int) -> Shapes:
    return {
        "x_embedder.proj.1.weight": (hidden, inputs),
        "affline_norm.weight": (hidden,),
        "extra_pos_embedder.pos_emb_h": (120, hidden),
        "blocks.block0.blocks.0.block.attn.to_q.0.weight": (hidden, hidden),
        "blocks.block0.blocks.0.block.attn.to_q.1.weight": (128,),
        "final_layer.linear.weight": (64, hidden),
    }


def _predict2(hidden: int, inputs: int) -> Shapes:
    return {
        "x_embedder.proj.1.weight": (hidden, inputs),
        "t_embedding_norm.weight": (hidden,),
        "t_embedder.1.linear_1.weight": (hidden, hidden),
        "blocks.0.self_attn.q_proj.weight": (hidden, hidden),
        "blocks.0.cross_attn.k_proj.weight": (hidden, 1024),
        "blocks.0.mlp.layer1.weight": (4 * hidden, hidden),
        "final_layer.linear.weight": (64, hidden),
    }


def _diffusers(hidden: int, inputs: int, *, learnt: bool = False) -> Shapes:
    more: Shapes = {"learnable_pos_embed.pos_emb_t": (128, hidden)} if learnt else {}
    return more | {
        "patch_embed.proj.weight": (hidden, inputs),
        "time_embed.norm.weight": (hidden,),
        "time_embed.t_embedder.linear_1.weight": (hidden, hidden),
        "transformer_blocks.0.norm1.linear_1.weight": (256, hidden),
        "transformer_blocks.0.attn1.to_q.weight": (hidden, hidden),
        "proj_out.weight": (64, hidden),
    }


_PROJECTED: Shapes = {"crossattn_proj.0.weight": (1024, 100352)}
_ANIMA: Shapes = _predict2(2048, 68) | {
    "llm_adapter.blocks.0.cross_attn.q_proj.weight": (1024, 1024),
    "llm_adapter.out_proj.weight": (1024, 1024),
}
_THIRD: Shapes = {
    "proj_in.weight": (4096, 192),
    "norm_moe_gen.weight": (4096,),
    "layers.0.self_attn.to_q.weight": (4096, 4096),
    "layers.0.self_attn.add_q_proj.weight": (4096, 4096),
    "layers.0.mlp_moe_gen.down_proj.weight": (4096, 12288),
    "proj_out.weight": (192, 4096),
}


def _config(hidden: int, inputs: int, **more: object) -> dict[str, object]:
    return {"num_attention_heads": _HEADS[hidden], "in_channels": inputs, **more}


_LEARNT = {"extra_pos_embed_type": "learnable"}
_CLASS = "CosmosTransformer3DModel"
_FOLDERS = (
    ("CosmosTextToWorldPipeline", _config(4096, 16, **_LEARNT), "predict1-t2w-7b"),
    ("CosmosVideoToWorldPipeline", _config(5120, 17, **_LEARNT), "predict1-v2w-14b"),
    ("Cosmos2TextToImagePipeline", _config(2048, 16), "predict2-t2i-2b"),
    ("Cosmos2VideoToWorldPipeline", _config(5120, 17), "predict2-v2w-14b"),
    (
        "Cosmos2_5_PredictBasePipeline",
        _config(2048, 17, use_crossattn_projection=True),
        "predict2.5-2b",
    ),
)


def _last(cases: list[Case]) -> list[Case]:
    """Drop the 4-bit form: there the inputs cannot be counted."""
    return cases[:-1]


CASES: list[Case] = [
    *_last(main_cases("cosmos", "names of Predict1", _predict1(4096, 72), "predict1-v2w-7b")),
    *main_cases("cosmos", "names of Predict1", _predict1(5120, 68), "predict1-t2w-14b", _PREFIXES),
    *main_cases("cosmos", "original names", _predict2(2048, 68), "predict2-t2i-2b", _PREFIXES),
    *_last(main_cases("cosmos", "original names", _predict2(5120, 72), "predict2-v2w-14b")),
    *main_cases("cosmos", "original names", _predict2(2048, 72) | _PROJECTED, "predict2.5-2b"),
    *main_cases("cosmos", "diffusers names", _diffusers(2048, 68), "predict2-t2i-2b"),
    *main_cases("cosmos", "diffusers names", _diffusers(5120, 68, learnt=True), "predict1-t2w-14b"),
    *main_cases("cosmos", "names of Cosmos 3", _THIRD, "cosmos3"),
    *(
        case
        for pipeline, config, variant in _FOLDERS
        for case in folder_cases("cosmos", {pipeline: config}, _CLASS, variant)
    ),
    *folder_cases(
        "cosmos",
        {"Cosmos2_5_TransferPipeline": _config(2048, 17, use_crossattn_projection=True)},
        _CLASS,
        "transfer2.5-2b",
    )[:1],
    *folder_cases("cosmos", {"Cosmos3OmniPipeline": {}}, "Cosmos3OmniTransformer", "cosmos3"),
    *lora_cases("cosmos", {"blocks.{36}.self_attn.q_proj": (5120, 5120)}),
    *lora_cases("cosmos", {"blocks.block3.blocks.0.block.attn.to_q.0": (4096, 4096)}),
    *lora_cases("cosmos", {"transformer_blocks.{28}.attn2.to_k": (1024, 4096)}),
    *lora_cases("cosmos", {"layers.{36}.mlp_moe_gen.up_proj": (4096, 12288)}),
    *main_cases("anima", "original names", _ANIMA, prefixes=_PREFIXES),
    *folder_cases("anima", {"AnimaModularPipeline": {}}),
    *lora_cases(
        "anima",
        {
            "blocks.{28}.self_attn.q_proj": (2048, 2048),
            "llm_adapter.blocks.{6}.cross_attn.k_proj": (1024, 1024),
        },
    ),
]

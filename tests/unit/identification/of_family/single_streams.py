"""Images from transformers of one stream: Krea 2, ERNIE-Image, Ideogram 4, PRX, GLM-Image."""

from __future__ import annotations

from sample_models import Shapes
from unit.identification.cases import Case
from unit.identification.making import folder_cases, lora_cases, main_cases

_KREA: Shapes = {
    "first.weight": (6144, 64),
    "txtfusion.projector.weight": (1, 12),
    "txtfusion.layerwise_blocks.0.prenorm.scale": (2560,),
    "blocks.0.prenorm.scale": (6144,),
    "blocks.0.attn.wq.weight": (6144, 6144),
    "blocks.0.attn.wk.weight": (1536, 6144),
    "last.linear.weight": (64, 6144),
}
_KREA_DIFFUSERS: Shapes = {
    "img_in.weight": (6144, 64),
    "text_fusion.projector.weight": (1, 12),
    "time_mod_proj.weight": (36864, 6144),
    "transformer_blocks.0.norm1.weight": (6144,),
    "transformer_blocks.0.attn.to_q.weight": (6144, 6144),
    "final_layer.scale_shift_table": (2, 6144),
    "final_layer.linear.weight": (64, 6144),
}
_ERNIE: Shapes = {
    "x_embedder.proj.weight": (4096, 128, 1, 1),
    "text_proj.weight": (4096, 3072),
    "layers.0.adaLN_sa_ln.weight": (4096,),
    "layers.0.self_attention.to_q.weight": (4096, 4096),
    "layers.0.mlp.linear_fc2.weight": (4096, 12288),
    "final_linear.weight": (128, 4096),
}


def _ideogram(attention: Shapes) -> Shapes:
    return {
        "input_proj.weight": (4608, 128),
        "llm_cond_norm.weight": (53248,),
        "embed_image_indicator.weight": (2, 4608),
        **{f"layers.0.attention.{name}.weight": shape for name, shape in attention.items()},
        "layers.0.attention_norm1.weight": (4608,),
        "layers.0.feed_forward.w1.weight": (12288, 4608),
    }


_PRX: Shapes = {
    "img_in.weight": (1792, 64),
    "time_in.out_layer.weight": (1792, 1792),
    "time_in.out_layer.bias": (1792,),
    "txt_in.weight": (1792, 2304),
    "blocks.0.attention.img_qkv_proj.weight": (5376, 1792),
    "blocks.0.attention.norm_q.weight": (64,),
    "blocks.0.attention.norm_added_k.weight": (64,),
    "final_layer.linear.weight": (64, 1792),
}
_GLM: Shapes = {
    "image_projector.proj.weight": (4096, 64),
    "glyph_projector.net.0.proj.weight": (4096, 1472),
    "prior_token_embedding.weight": (16384, 4096),
    "time_condition_embed.timestep_embedder.linear_1.weight": (512, 512),
    "transformer_blocks.0.attn1.to_q.weight": (4096, 4096),
    "proj_out.weight": (64, 4096),
}

CASES: list[Case] = [
    *main_cases("krea-2", "original names", _KREA),
    *main_cases("krea-2", "diffusers names", _KREA_DIFFUSERS),
    *folder_cases("krea-2", {"Krea2Pipeline": {}}, "Krea2Transformer2DModel"),
    *lora_cases(
        "krea-2", {"blocks.{28}.attn.wq": (6144, 6144), "blocks.{28}.attn.gate": (6144, 6144)}
    ),
    *lora_cases("krea-2", {"transformer_blocks.0.attn.to_k": (6144, 1536)}),
    *main_cases("ernie-image", "diffusers names", _ERNIE),
    *folder_cases("ernie-image", {"ErnieImagePipeline": {}}, "ErnieImageTransformer2DModel"),
    *lora_cases("ernie-image", {"layers.{36}.self_attention.to_q": (4096, 4096)}),
    *main_cases(
        "ideogram-4", "original names", _ideogram({"qkv": (13824, 4608), "o": (4608, 4608)})
    ),
    *main_cases("ideogram-4", "diffusers names", _ideogram({"to_q": (4608, 4608)})),
    *folder_cases("ideogram-4", {"Ideogram4Pipeline": {}}, "Ideogram4Transformer2DModel"),
    *lora_cases("ideogram-4", {"layers.{34}.attention.qkv": (4608, 13824)}),
    *lora_cases("ideogram-4", {"layers.3.attention.to_q": (4608, 4608)}),
    *main_cases("prx", "diffusers names", _PRX),
    *folder_cases("prx", {"PRXPipeline": {}, "PRXPixelPipeline": {}}, "PRXTransformer2DModel"),
    *lora_cases("prx", {"blocks.{16}.attention.img_qkv_proj": (1792, 5376)}),
    *main_cases("glm-image", "diffusers names", _GLM),
    *folder_cases("glm-image", {"GlmImagePipeline": {}}, "GlmImageTransformer2DModel"),
    *lora_cases(
        "glm-image",
        {
            "transformer_blocks.{30}.attn1.to_q": (4096, 4096),
            "transformer_blocks.{30}.norm1.linear": (512, 49152),
        },
    ),
]

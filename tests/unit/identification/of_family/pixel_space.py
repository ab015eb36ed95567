"""Models without an autoencoder, and PiD, which takes the place of one."""

from __future__ import annotations

from sample_models import Shapes
from unit.identification.cases import Case
from unit.identification.making import folder_cases, lora_cases, main_cases

_PIXELS: Shapes = {
    "pixel_embedder.proj.weight": (16, 3),
    "s_embedder.proj.weight": (1536, 768),
    "y_embedder.proj.weight": (1536, 2304),
    "patch_blocks.0.attn.qkv_x.weight": (4608, 1536),
    "pixel_blocks.0.attn.q_norm.weight": (72,),
    "final_layer.linear.weight": (3, 16),
}


def _pid(width: int, channels: int) -> Shapes:
    return _PIXELS | {
        "lq_proj.latent_proj.0.weight": (width, channels, 3, 3),
        "lq_proj.gate_modules.0.content_proj.weight": (1536, 3072),
    }


_IRIS: Shapes = {
    "s_embedder.proj.weight": (2560, 768),
    "y_embedder.layer_pool.weight": (1, 12),
    "y_embedder.refiner.norm.weight": (2560,),
    "blocks.0.attn.q_proj_x.weight": (2560, 2560),
    "pixel_embedder.proj.weight": (16, 3),
    "pixel_blocks.0.attn.q_norm.weight": (128,),
    "final_layer.linear.weight": (3, 16),
}
_SENSENOVA: Shapes = {
    "language_model.model.embed_tokens.weight": (151936, 4096),
    "language_model.model.layers.0.self_attn.q_proj.weight": (4096, 4096),
    "language_model.model.layers.0.self_attn.q_proj_mot_gen.weight": (4096, 4096),
    "language_model.model.layers.0.input_layernorm_mot_gen.weight": (4096,),
    "fm_modules.vision_model_mot_gen.embeddings.patch_embedding.weight": (1024, 3, 16, 16),
}
_MINI: Shapes = {
    "img_embedder.proj1.weight": (128, 768),
    "img_embedder.proj2.weight": (768, 128),
    "double_blocks.0.img_qkv.weight": (2304, 768),
    "double_blocks.0.img_mlp.w1.weight": (2048, 768),
}
_PARTS = {(512, 4): "sdxl", (512, 16): "flux", (512, 128): "flux2", (1024, 32): "v1.5-flux2"}

CASES: list[Case] = [
    *main_cases(
        "pixeldit", "original names", _PIXELS, prefixes=("core.", "net.", "model.diffusion_model.")
    ),
    *folder_cases("pixeldit", {"PixelDiTPipeline": {}}),
    *(
        case
        for (width, channels), variant in _PARTS.items()
        for case in main_cases(
            "pid", "original names", _pid(width, channels), variant, ("net.", "core.")
        )
    ),
    *main_cases("iris", "original names", _IRIS),
    *lora_cases("iris", {"blocks.{8}.attn.q_proj_x": (2560, 2560)}),
    *main_cases("sensenova-u1", "original names", _SENSENOVA),
    *lora_cases(
        "sensenova-u1",
        {"language_model.model.layers.{42}.self_attn.k_proj_mot_gen": (4096, 1024)},
    ),
    *main_cases("minit2i", "original names", _MINI, prefixes=("", "net.", "model.net.")),
    *folder_cases("minit2i", {"MiniT2IPipeline": {}}, "MiniT2IMMJiTModel"),
]

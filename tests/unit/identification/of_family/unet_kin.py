"""U-Nets that are no Stable Diffusion of images, and Kandinsky 5."""

from __future__ import annotations

from functools import partial

from sample_models import Shapes
from unit.identification.cases import Case, file
from unit.identification.making import folder_cases, lora_cases, main_cases, prefixed


def _svd(times: int) -> Shapes:
    return {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 8, 3, 3),
        "model.diffusion_model.label_emb.0.0.weight": (1280, times),
        "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (
            320,
            1024,
        ),
        "model.diffusion_model.input_blocks.1.1.time_stack.0.norm1.weight": (320,),
        "model.diffusion_model.output_blocks.0.0.in_layers.0.weight": (2560,),
        "conditioner.embedders.0.open_clip.model.visual.class_embedding": (1280,),
        "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    }


_SVD_DIFFUSERS: Shapes = {
    "conv_in.weight": (320, 8, 3, 3),
    "add_embedding.linear_1.weight": (1280, 768),
    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (320, 1024),
    "down_blocks.0.attentions.0.temporal_transformer_blocks.0.norm1.weight": (320,),
    "up_blocks.0.resnets.0.spatial_res_block.norm1.weight": (2560,),
    "conv_norm_out.weight": (320,),
}
_DREAMLITE: Shapes = {
    "conv_in.weight": (320, 4, 3, 3),
    "mid_block.resnets.0.conv1.depthwise.weight": (1280, 1, 3, 3),
    "mid_block.resnets.0.conv1.pointwise.weight": (2560, 1280, 1, 1),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (64, 2048),
    "up_blocks.0.resnets.0.norm1.weight": (2560,),
    "conv_norm_out.weight": (320,),
}
_UPSCALER: Shapes = {
    "conv_in.weight": (256, 7, 3, 3),
    "class_embedding.weight": (1000, 1024),
    "down_blocks.0.resnets.0.norm1.weight": (256,),
    "down_blocks.1.attentions.0.proj_in.weight": (512, 512),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (512, 1024),
    "up_blocks.0.resnets.0.norm1.weight": (2048,),
    "conv_norm_out.weight": (256,),
}
_UPSCALER_LDM: Shapes = {
    "input_blocks.0.0.weight": (256, 7, 3, 3),
    "label_emb.weight": (1000, 1024),
    "input_blocks.1.0.in_layers.0.weight": (256,),
    "input_blocks.4.1.proj_in.weight": (512, 512),
    "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (512, 1024),
    "output_blocks.0.0.in_layers.0.weight": (2048,),
}
_KOALA: Shapes = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "model.diffusion_model.label_emb.0.0.weight": (1280, 2816),
    "model.diffusion_model.input_blocks.3.1.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
    "model.diffusion_model.output_blocks.0.0.in_layers.0.weight": (2560,),
}
_SVD_ANSWER = ("main", "svd", "checkpoint")


def _kandinsky(hidden: int, inputs: int) -> Shapes:
    return {
        "text_embeddings.in_layer.weight": (hidden, 3584),
        "pooled_text_embeddings.in_layer.weight": (512, 768),
        "visual_embeddings.in_layer.weight": (hidden, inputs),
        "visual_embeddings.in_layer.bias": (hidden,),
        "text_transformer_blocks.0.self_attention.to_query.weight": (hidden, hidden),
        "visual_transformer_blocks.0.cross_attention.to_query.weight": (hidden, hidden),
        "visual_transformer_blocks.0.cross_attention.key_norm.weight": (64,),
        "out_layer.out_layer.weight": (64, hidden),
    }


_KANDINSKY = (
    ("Kandinsky5T2VPipeline", {"model_dim": 1792}, "video-lite"),
    ("Kandinsky5I2VPipeline", {"model_dim": 4096}, "video-pro"),
    ("Kandinsky5T2IPipeline", {"model_dim": 2560, "visual_cond": False}, "t2i-lite"),
    ("Kandinsky5I2IPipeline", {"model_dim": 2560, "visual_cond": True}, "i2i-lite"),
)

CASES: list[Case] = [
    Case("svd main, original names", (*_SVD_ANSWER, "normal"), file(lambda: _svd(768))),
    Case(
        "svd main, original names",
        (*_SVD_ANSWER, "xt"),
        file(lambda: _svd(768), "svd_xt_1_1.safetensors"),
    ),
    Case("svd main, original names", (*_SVD_ANSWER, "sv3d-u"), file(lambda: _svd(256))),
    Case("svd main, original names", (*_SVD_ANSWER, "sv3d-p"), file(lambda: _svd(1280))),
    *main_cases("svd", "diffusers names", _SVD_DIFFUSERS, prefixes=("", "unet.")),
    *folder_cases("svd", {"StableVideoDiffusionPipeline": {}}),
    Case(
        "svd lora",
        ("lora", "svd", "lycoris", None),
        file(
            lambda: {
                "unet.down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_q"
                f".lora_{half}.weight": shape
                for half, shape in {"A": (4, 320), "B": (320, 4)}.items()
            }
        ),
    ),
    *lora_cases("svd", {"mid_block.attentions.0.temporal_transformer_blocks.0.attn1.to_q": (9, 9)}),
    *(
        Case(
            f"sd-2 upscaler main, {names}",
            ("main", "sd-2", "checkpoint", "upscale"),
            file(partial(prefixed, shapes, prefix)),
        )
        for names, shapes in (("original names", _UPSCALER_LDM), ("diffusers names", _UPSCALER))
        for prefix in ("", "model.diffusion_model.")
    ),
    Case(
        "sdxl main, original names",
        ("main", "sdxl", "checkpoint", "normal"),
        file(lambda: _KOALA),
    ),
    *main_cases("dreamlite", "diffusers names", _DREAMLITE, prefixes=("", "unet.")),
    *folder_cases("dreamlite", {"DreamLitePipeline": {}, "DreamLiteMobilePipeline": {}}),
    *main_cases("kandinsky5", "original names", _kandinsky(1792, 132), "video-lite"),
    *main_cases("kandinsky5", "original names", _kandinsky(4096, 132), "video-pro"),
    *main_cases("kandinsky5", "original names", _kandinsky(2560, 64), "t2i-lite"),
    *main_cases("kandinsky5", "original names", _kandinsky(2560, 132), "i2i-lite"),
    *(
        case
        for pipeline, config, variant in _KANDINSKY
        for case in folder_cases(
            "kandinsky5", {pipeline: config}, "Kandinsky5Transformer3DModel", variant
        )
    ),
    *lora_cases(
        "kandinsky5", {"visual_transformer_blocks.{32}.cross_attention.to_query": (1792, 1792)}
    ),
    *lora_cases(
        "kandinsky5", {"visual_transformer_blocks.{50}.self_attention.to_query": (2560, 2560)}
    ),
]

"""Qwen-Image and what is built like it."""

from __future__ import annotations

from sample_models import Shapes
from unit.identification.cases import Case, file
from unit.identification.making import folder_cases, lora_cases, main_cases


def _two_streams(text: int, picture: int) -> Shapes:
    block = "transformer_blocks.0"
    attention = ("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_out.0")
    return {
        "txt_norm.weight": (text,),
        "img_in.weight": (3072, picture),
        "img_in.bias": (3072,),
        "txt_in.weight": (3072, text),
        f"{block}.img_mod.1.weight": (18432, 3072),
        **{f"{block}.attn.{name}.weight": (3072, 3072) for name in attention},
        f"{block}.attn.norm_q.weight": (128,),
        f"{block}.attn.norm_added_q.weight": (128,),
        f"{block}.img_mlp.net.0.proj.weight": (12288, 3072),
        "proj_out.weight": (picture, 3072),
        "proj_out.bias": (picture,),
    }


QWEN = _two_streams(3584, 64)
_LAYERED: Shapes = QWEN | {"time_text_embed.addition_t_embedding.weight": (2, 3072)}
_EDIT: Shapes = QWEN | {"__index_timestep_zero__": (0,)}


def _nunchaku() -> Shapes:
    """The matrices of the blocks as SVDQuant packs them."""
    block = "transformer_blocks.0"
    kept = {name: shape for name, shape in QWEN.items() if f"{block}.attn.to_" not in name}
    packed = {
        f"{block}.attn.{name}.{part}": shape
        for name in ("to_qkv", "add_qkv_proj")
        for part, shape in {
            "qweight": (9216, 1536),
            "wscales": (48, 9216),
            "smooth_factor": (3072,),
            "proj_down": (3072, 32),
            "proj_up": (9216, 32),
        }.items()
    }
    return kept | packed


_QWEN_21: Shapes = {
    "txt_in.text_norm.weight": (4096,),
    "txt_in.in_layer.weight": (4096, 4096),
    "img_in.weight": (4096, 64),
    "modulation.1.weight": (16384, 4096),
    "transformer_blocks.0.attn.norm_q.weight": (128,),
    "transformer_blocks.0.attn.to_q.weight": (4096, 4096),
    "transformer_blocks.0.img_mlp.gate_layer.weight": (12288, 4096),
    "proj_out.weight": (64, 4096),
}
_NUCLEUS: Shapes = {
    "time_text_embed.norm.weight": (2048,),
    "txt_norm.weight": (3584,),
    "img_in.weight": (2048, 64),
    "img_in.bias": (2048,),
    "transformer_blocks.0.img_mod.1.weight": (8192, 2048),
    "transformer_blocks.0.encoder_proj.weight": (2048, 3584),
    "transformer_blocks.0.attn.norm_added_q.weight": (128,),
    "proj_out.weight": (256, 2048),
}


def _lens(several: bool) -> Shapes:
    block = "transformer_blocks.0"
    norms = [f"txt_norm.{number}" for number in range(4)] if several else ["txt_norm"]
    return {
        **{f"{norm}.weight": (2880,) for norm in norms},
        "img_in.weight": (1536, 128),
        "img_in.bias": (1536,),
        "txt_in.weight": (1536, 2880 * len(norms)),
        f"{block}.attn.norm_q.weight": (64,),
        f"{block}.attn.norm_added_q.weight": (64,),
        f"{block}.attn.img_qkv.weight": (4608, 1536),
        f"{block}.img_norm1.weight": (1536,),
        f"{block}.img_mlp.w1.weight": (4096, 1536),
        "proj_out.weight": (128, 1536),
    }


_BLOCK = "transformer_blocks.{60}"
_PIPELINES = (
    *("QwenImagePipeline", "QwenImageEditPipeline", "QwenImageEditPlusPipeline"),
    *("QwenImageImg2ImgPipeline", "QwenImageControlNetInpaintPipeline"),
)
_LAYERED_CONFIG = {"QwenImageLayeredPipeline": {"use_additional_t_cond": True}}
_SQUARE = (3072, 3072)

CASES: list[Case] = [
    *main_cases("qwen-image", "diffusers names", QWEN),
    *main_cases("qwen-image", "diffusers names", _EDIT, prefixes=("model.diffusion_model.",)),
    *main_cases("qwen-image", "diffusers names", _LAYERED, "layered"),
    Case(
        "qwen-image main, diffusers names",
        ("main", "qwen-image", "checkpoint", "normal"),
        file(_nunchaku),
    ),
    *folder_cases("qwen-image", {name: {} for name in _PIPELINES}, "QwenImageTransformer2DModel"),
    *folder_cases("qwen-image", _LAYERED_CONFIG, "QwenImageTransformer2DModel", "layered"),
    *lora_cases(
        "qwen-image",
        {f"{_BLOCK}.attn.to_q": _SQUARE, f"{_BLOCK}.attn.add_k_proj": _SQUARE},
    ),
    *lora_cases("qwen-image", {"transformer_blocks.59.txt_mlp.net.2": (12288, 3072)}),
    *main_cases("mage-flow", "diffusers names", _two_streams(2560, 128)),
    *folder_cases("mage-flow", {"MageFlowPipeline": {}}, "MageFlowTransformer2DModel"),
    *lora_cases("mage-flow", {"transformer_blocks.{12}.attn.to_q": _SQUARE}),
    *main_cases("qwen-image-2", "diffusers names", _QWEN_21),
    *folder_cases("qwen-image-2", {"QwenImage21Pipeline": {}}, "QwenImage21Transformer2DModel"),
    *lora_cases(
        "qwen-image-2",
        {
            "transformer_blocks.{32}.attn.to_q": (4096, 4096),
            "transformer_blocks.{32}.img_mlp.gate_layer": (4096, 12288),
        },
    ),
    *main_cases("nucleus-image", "diffusers names", _NUCLEUS),
    *folder_cases(
        "nucleus-image", {"NucleusMoEImagePipeline": {}}, "NucleusMoEImageTransformer2DModel"
    ),
    *lora_cases(
        "nucleus-image",
        {
            "transformer_blocks.{24}.attn.to_q": (2048, 2048),
            "transformer_blocks.{24}.attn.add_k_proj": (2048, 2048),
        },
    ),
    *main_cases("lens", "diffusers names", _lens(several=True)),
    *main_cases("lens", "diffusers names", _lens(several=False)),
    *folder_cases("lens", {"LensPipeline": {}}, "LensTransformer2DModel"),
    *lora_cases(
        "lens",
        {
            "transformer_blocks.{48}.attn.img_qkv": (1536, 4608),
            "transformer_blocks.{48}.img_mlp.w1": (1536, 4096),
        },
    ),
]

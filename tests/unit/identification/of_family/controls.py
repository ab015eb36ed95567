"""ControlNets of transformers, and the rarer kinds for U-Nets: the tensors that tell them."""

from __future__ import annotations

from functools import partial
from typing import Any

from sample_models import SD1, SDXL, Shapes, diffusers_controlnet
from unit.identification.cases import Case, file, folder, plain

_FIRST = "controlnet_blocks.0.weight"


def square(width: int) -> tuple[int, int]:
    return (width, width)


def _kolors() -> Shapes:
    return diffusers_controlnet(SDXL) | {
        "encoder_hid_proj.weight": (2048, 4096),
        "add_embedding.linear_1.weight": (1280, 5632),
    }


def _sparse(*, rgb: bool) -> Shapes:
    """SparseCtrl, which takes pictures as latents, or lines as its relatives do."""
    shapes = diffusers_controlnet(SD1) | {"down_blocks.0.motion_modules.0.norm.weight": (320,)}
    if rgb:
        kept = {n: s for n, s in shapes.items() if not n.startswith("controlnet_cond_embedding")}
        return kept | {"controlnet_cond_embedding.weight": (320, 5, 3, 3)}
    return shapes


def _lllite(start: str) -> Shapes:
    return {
        f"{start}_attn1_to_q.conditioning1.0.weight": (32, 3, 4, 4),
        f"{start}_attn1_to_q.down.0.weight": (64, 640),
        f"{start}_attn1_to_q.up.0.weight": (640, 64),
    }


def _crossed(context: int) -> Shapes:
    block = "mid_block.midblock.attentions.0.transformer_blocks.0"
    return {
        "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
        "control_to_base_for_conv_in.weight": (320, 4, 1, 1),
        f"{block}.attn2.to_k.weight": (128, context),
    }


_FILES: tuple[tuple[str, str, Shapes], ...] = (
    ("sd-2 controlnet-xs", "sd-2", _crossed(1024)),
    ("sdxl controlnet-xs", "sdxl", _crossed(2048)),
    ("sd-1 sparsectrl", "sd-1", _sparse(rgb=True)),
    ("sd-1 sparsectrl", "sd-1", _sparse(rgb=False)),
    (
        "sdxl lllite",
        "sdxl",
        _lllite("lllite_unet_input_blocks_4_1_transformer_blocks_0"),
    ),
    ("anima lllite", "anima", _lllite("lllite_dit_blocks_0")),
    (
        "sdxl supir",
        "sdxl",
        {
            "model.control_model.input_hint_block.0.weight": (16, 4, 3, 3),
            "model.diffusion_model.project_modules.0.zero_conv.weight": (320, 320, 1, 1),
        },
    ),
    ("kolors controlnet, diffusers names", "kolors", _kolors()),
    (
        "sdxl controlnet, diffusers names",
        "sdxl",
        diffusers_controlnet(SDXL) | {"control_add_embedding.linear_1.weight": (1280, 1536)},
    ),
    (
        "flux controlnet, MistoLine",
        "flux",
        {
            "controlnet_blocks.0.linear.weight": square(3072),
            "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
        },
    ),
    (
        "sd-3 controlnet",
        "sd-3",
        {
            _FIRST: square(1536),
            "pos_embed_input.proj.weight": (1536, 16, 2, 2),
            "context_embedder.weight": (1536, 4096),
        },
    ),
    (
        "sd-3 3.5 controlnet",
        "sd-3",
        {_FIRST: square(2432), "transformer_blocks.0.adaLN_modulation.1.bias": (14592,)},
    ),
    (
        "qwen-image controlnet, diffusers names",
        "qwen-image",
        {
            _FIRST: square(3072),
            "controlnet_x_embedder.weight": (3072, 64),
            "txt_norm.weight": (3584,),
            "img_in.weight": (3072, 64),
            "transformer_blocks.0.img_mlp.net.0.proj.weight": (12288, 3072),
        },
    ),
    (
        "qwen-image controlnet, Fun",
        "qwen-image",
        {
            "control_img_in.weight": (3072, 132),
            "control_blocks.0.after_proj.weight": square(3072),
        },
    ),
    (
        "qwen-image-2 controlnet, Fun",
        "qwen-image-2",
        {
            "control_img_in.weight": (4096, 260),
            "control_blocks.0.after_proj.weight": square(4096),
            "control_blocks.0.img_mlp.out.weight": (4096, 12288),
        },
    ),
    (
        "qwen-image controlnet, patch",
        "qwen-image",
        {"controlnet_blocks.0.y_rms.weight": (3072,), "img_in.weight": (3072, 64)},
    ),
    (
        "z-image controlnet",
        "z-image",
        {
            "control_all_x_embedder.2-1.weight": (3840, 64),
            "control_layers.0.adaLN_modulation.0.weight": (15360, 256),
        },
    ),
    ("hunyuan-dit controlnet", "hunyuan-dit", {"after_proj_list.18.bias": (1408,)}),
    (
        "sana controlnet",
        "sana",
        {_FIRST: square(2240), "input_block.weight": square(2240), "caption_norm.weight": (2240,)},
    ),
    (
        "pixart controlnet",
        "pixart",
        {
            "controlnet.0.before_proj.weight": square(1152),
            "controlnet.0.after_proj.weight": square(1152),
        },
    ),
    (
        "cosmos controlnet",
        "cosmos",
        {
            "patch_embed_base.proj.weight": (2048, 72),
            "control_blocks.0.norm1.linear_1.weight": (256, 4096),
        },
    ),
    ("wan uni3c", "wan", {"controlnet_patch_embedding.weight": (5120, 20, 1, 2, 2)}),
    (
        "wan controlnet",
        "wan",
        {
            _FIRST: square(1536),
            "blocks.0.attn1.to_q.weight": square(1536),
            "condition_embedder.time_embedder.linear_1.weight": (1536, 256),
        },
    ),
    ("minimax-h3 controlnet", "minimax-h3", {"control_proj_in.weight": (3072, 96)}),
)

_FOLDERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("sd-1", "SparseControlNetModel", {"cross_attention_dim": 768}),
    ("sd-2", "UNetControlNetXSModel", {"cross_attention_dim": 1024}),
    ("sdxl", "ControlNetXSAdapter", {"cross_attention_dim": 2048}),
    (
        "kolors",
        "ControlNetModel",
        {"cross_attention_dim": 2048, "projection_class_embeddings_input_dim": 5632},
    ),
    ("sd-3", "SD3ControlNetModel", {}),
    ("qwen-image", "QwenImageControlNetModel", {}),
    ("z-image", "ZImageControlNetModel", {}),
    ("hunyuan-dit", "HunyuanDiT2DControlNetModel", {}),
    ("sana", "SanaControlNetModel", {}),
    ("pixart", "PixArtControlNetAdapterModel", {}),
    ("cosmos", "CosmosControlNetModel", {}),
)


def control_cases() -> list[Case]:
    cases = [
        Case(rule, ("controlnet", base, "checkpoint", None), file(partial(dict, shapes)))
        for rule, base, shapes in _FILES
    ]
    for base, name, config in _FOLDERS:
        made = folder(
            {"config.json": {"_class_name": name, **config}},
            {"diffusion_pytorch_model.safetensors": plain},
        )
        answer = ("controlnet", base, "diffusers", None)
        cases.append(Case(f"{base} own controlnet, folder", answer, made))
    control_lora: Shapes = {
        "lora_controlnet": (),
        "input_hint_block.0.weight": (16, 3, 3, 3),
        "input_blocks.1.1.transformer_blocks.0.attn2.to_k.down": (64, 768),
        "input_blocks.1.1.transformer_blocks.0.attn2.to_k.up": (320, 64),
    }
    answer = ("control_lora", "sd-1", "lycoris", None)
    return [*cases, Case("sd-1 control-lora", answer, file(partial(dict, control_lora)))]


CASES = control_cases()

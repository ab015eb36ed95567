"""IP-Adapters, style models, motion modules, hypernetworks and latent upscalers."""

from __future__ import annotations

from functools import partial
from typing import Any

from sample_models import Shapes
from unit.identification.cases import Case, file, folder, plain


def motion(levels: int, positions: int, *, diffusers: bool = False) -> Shapes:
    """Motion modules of a U-Net: two a level down, three a level up.

    Args:
        levels: Four in SD 1, three in SDXL.
        positions: Frames that it knows the order of.
        diffusers: In names of diffusers.
    """
    widths = (320, 640, 1280, 1280)[:levels]
    inside = "" if diffusers else "temporal_transformer."
    shapes: Shapes = {}
    for level, width in enumerate(widths):
        for block in (f"down_blocks.{level}", f"up_blocks.{levels - 1 - level}"):
            start = f"{block}.motion_modules.0.{inside}"
            shapes[f"{start}norm.weight"] = (width,)
            shapes[f"{start}transformer_blocks.0.attention_blocks.0.pos_encoder.pe"] = (
                1,
                positions,
                width,
            )
    return shapes


def _motion_lora() -> Shapes:
    shapes: Shapes = {}
    for block, width in (("down_blocks.0", 320), ("up_blocks.3", 320)):
        start = (
            f"{block}.motion_modules.0.temporal_transformer.transformer_blocks.0"
            ".attention_blocks.0.processor.to_q_lora"
        )
        shapes[f"{start}.down.weight"] = (32, width)
        shapes[f"{start}.up.weight"] = (width, 32)
    return shapes


def hypernetwork(context: int) -> Shapes:
    """Two networks for each width of attention, of keys and of values."""
    return {
        f"{width}.{network}.linear.{layer}.weight": shape
        for width in (320, 640, context, 1280)
        for network in (0, 1)
        for layer, shape in ((0, (width * 2, width)), (1, (width, width * 2)))
    }


def face_id(context: int) -> Shapes:
    """An IP-Adapter of faces: it changes attention too, as a LoRA does."""
    shapes: Shapes = {"image_proj.proj.0.weight": (1024, 512)}
    for number in range(2):
        for name in ("to_q", "to_k"):
            shapes[f"ip_adapter.{number}.{name}_lora.down.weight"] = (128, 320)
            shapes[f"ip_adapter.{number}.{name}_lora.up.weight"] = (320, 128)
    shapes["ip_adapter.1.to_k_ip.weight"] = (320, context)
    shapes["ip_adapter.1.to_v_ip.weight"] = (320, context)
    return shapes


_FILES: tuple[tuple[str, str, str, Shapes], ...] = (
    ("sd-1 ip-adapter", "ip_adapter", "sd-1", face_id(768)),
    ("sdxl ip-adapter", "ip_adapter", "sdxl", face_id(2048)),
    (
        "sdxl ip-adapter",
        "ip_adapter",
        "sdxl",
        {
            "image_proj.layers.0.0.to_out.weight": (1280, 1280),
            "ip_adapter.1.to_k_ip.weight": (640, 2048),
        },
    ),
    (
        "kolors ip-adapter",
        "ip_adapter",
        "kolors",
        {
            "image_proj.layers.0.0.to_out.weight": (2048, 2048),
            "ip_adapter.1.to_k_ip.weight": (640, 2048),
        },
    ),
    (
        "flux ip-adapter, InstantX",
        "ip_adapter",
        "flux",
        {
            "image_proj.proj.0.weight": (2304, 1152),
            "ip_adapter.0.to_k_ip.weight": (3072, 4096),
        },
    ),
    (
        "sd-3 ip-adapter",
        "ip_adapter",
        "sd-3",
        {
            "image_proj.layers.0.attn.to_q.weight": (1280, 1280),
            "ip_adapter.0.norm_ip.linear.weight": (4864, 1280),
            "ip_adapter.0.to_k_ip.weight": (2432, 2432),
        },
    ),
    (
        "sd-1 style model",
        "style_model",
        "sd-1",
        {
            "style_embedding": (1, 8, 1024),
            "proj": (1024, 768),
            "ln_pre.weight": (1024,),
        },
    ),
    (
        "flux uso",
        "style_model",
        "flux",
        {"feature_embedder.mid_layer_norm.weight": (1152,)},
    ),
    ("sd-1 motion module", "motion_module", "sd-1", motion(4, 24)),
    ("sd-1 motion module", "motion_module", "sd-1", motion(4, 32, diffusers=True)),
    ("sdxl motion module", "motion_module", "sdxl", motion(3, 32)),
    ("sd-1 hypernetwork", "hypernetwork", "sd-1", hypernetwork(768)),
    ("sd-2 hypernetwork", "hypernetwork", "sd-2", hypernetwork(1024)),
    (
        "ltx latent upscaler",
        "upscaler",
        "any",
        {
            "initial_conv.weight": (512, 128, 3, 3, 3),
            "post_upsample_res_blocks.0.conv1.weight": (512, 512, 3, 3, 3),
        },
    ),
    (
        "hunyuan latent upscaler",
        "upscaler",
        "any",
        {
            "in_conv.conv.weight": (512, 32, 3, 3, 3),
            "blocks.0.block.0.conv.weight": (512, 512, 3, 3, 3),
        },
    ),
    (
        "hunyuan latent upscaler",
        "upscaler",
        "any",
        {"up.0.block.0.conv1.conv.weight": (512, 512, 3, 3, 3)},
    ),
)

_FOLDERS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("sd-1 motion module, folder", "motion_module", "sd-1", {"_class_name": "MotionAdapter"}),
    (
        "sdxl motion module, folder",
        "motion_module",
        "sdxl",
        {"_class_name": "MotionAdapter", "block_out_channels": [320, 640, 1280]},
    ),
    (
        "video latent upscaler, folder",
        "upscaler",
        "any",
        {"_class_name": "LTXLatentUpsamplerModel"},
    ),
)

_DECLARED: tuple[tuple[str, Shapes, str], ...] = (
    ("sd-cascade", {"clip_g": (2, 1280)}, "stable-cascade/textual-inversion"),
    ("pixart", {"t5": (2, 4096)}, "pixart-sigma/textual-inversion"),
)


def image_adapter_cases() -> list[Case]:
    cases = [
        Case(rule, (kind, base, "checkpoint", None), file(partial(dict, shapes)))
        for rule, kind, base, shapes in _FILES
    ]
    for rule, kind, base, config in _FOLDERS:
        made = folder({"config.json": config}, {"diffusion_pytorch_model.safetensors": plain})
        cases.append(Case(rule, (kind, base, "diffusers", None), made))
    for base, shapes, declared in _DECLARED:
        made = file(partial(dict, shapes), metadata={"modelspec.architecture": declared})
        answer = ("embedding", base, "embedding_file", None)
        cases.append(Case(f"{base} embedding", answer, made))
    answer = ("lora", "sd-1", "lycoris", None)
    return [*cases, Case("sd-1 motion lora", answer, file(_motion_lora))]


CASES = image_adapter_cases()

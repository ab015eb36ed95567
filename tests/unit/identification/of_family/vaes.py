"""VAEs that are their base's own: what tells them, under the names of each program."""

from __future__ import annotations

from functools import partial
from typing import Any

from sample_models import Shapes, diffusers_vae, ldm_vae
from unit.identification.cases import Case, file, folder, plain

_WEIGHT = "decoder.conv_in.weight"


def five(out: int, into: int, size: int = 3) -> tuple[int, ...]:
    """The shape of a convolution over time and two directions."""
    return (out, into, size, size, size)


def wan_vae(latent: int = 16, colours: int = 3, width: int = 96) -> Shapes:
    """A Wan VAE in its own names: four widths, two blocks a level, and as many as fit between."""
    top = width * 4
    shapes: Shapes = {
        "conv1.weight": five(latent * 2, latent * 2, 1),
        "conv2.weight": five(latent, latent, 1),
        "encoder.conv1.weight": five(width, colours),
        "encoder.head.2.weight": five(latent * 2, top),
        "decoder.conv1.weight": five(top, latent),
        "decoder.middle.0.residual.0.gamma": (top, 1, 1, 1),
        "decoder.middle.0.residual.2.weight": five(top, top),
        "decoder.middle.1.to_qkv.weight": (top * 3, top, 1, 1),
        "decoder.head.2.weight": five(colours, width),
    }
    if latent == 48:
        shapes["decoder.upsamples.0.upsamples.0.residual.2.weight"] = five(top, top)
    else:
        shapes["decoder.upsamples.0.residual.2.weight"] = five(top, top)
    return shapes


def wan_diffusers(latent: int = 16, colours: int = 3) -> Shapes:
    return {
        "encoder.conv_in.weight": five(96, colours),
        "decoder.conv_in.weight": five(384, latent),
        "decoder.mid_block.attentions.0.norm.gamma": (384, 1, 1),
        "decoder.conv_out.weight": five(colours, 96),
    }


def qwen2_vae() -> Shapes:
    """The VAE of Qwen-Image 2.1 in its own names: Wan's, over pictures alone."""
    flat = {
        name: (*shape[:2], 1, *shape[3:]) if len(shape) == 5 else shape
        for name, shape in wan_vae(48, 4, 144).items()
    }
    return flat | {"decoder.conv1.weight": (1152, 64, 1, 3, 3)}


def qwen2_diffusers() -> Shapes:
    return {
        _WEIGHT: (1152, 64, 3, 3),
        "decoder.mid_block.attentions.0.norm.gamma": (1152, 1, 1),
        "decoder.conv_out.weight": (4, 144, 3, 3),
    }


def taehv(latent: int) -> Shapes:
    """A tiny VAE of videos: blocks that remember, 256 wide at first and 64 at last."""
    return {
        "encoder.0.weight": (64, 3, 3, 3),
        "decoder.1.weight": (256, latent, 3, 3),
        "decoder.3.conv.0.weight": (256, 512, 3, 3),
        "decoder.22.bias": (3,),
    }


def tiny_encoder(latent: int) -> Shapes:
    """The encoder of TAESD alone, in fifteen layers."""
    shapes: Shapes = {"0.weight": (64, 3, 3, 3), "14.weight": (latent, 64, 3, 3)}
    for block in (1, 3, 4, 5, 7, 8, 9, 11, 12, 13):
        shapes[f"{block}.conv.0.weight"] = (64, 64, 3, 3)
    return shapes


def tiny(latent: int) -> Shapes:
    return {"1.weight": (64, latent, 3, 3), "3.conv.0.weight": (64, 64, 3, 3)}


def _three_levels() -> Shapes:
    """The VAE of SD's x4 upscaler, which halves a picture but twice."""
    return ldm_vae(4, (128, 256, 512))


def _cogview() -> Shapes:
    return ldm_vae(16, (128, 512, 1024, 1024))


def _with(norm: str, weight: str, shape: tuple[int, ...]) -> Shapes:
    return {weight: shape, norm: (shape[0],)}


def _hunyuan(latent: int, norm: str) -> Shapes:
    """A VAE of HunyuanVideo: its convolutions are wrapped, its norms are of both kinds."""
    width = 512 if latent == 16 else 1024
    return _with(norm, "decoder.conv_in.conv.weight", five(width, latent))


_NORM, _NORM_DIFFUSERS = "decoder.up.0.block.0.norm1", "decoder.up_blocks.0.resnets.0.norm1"

#: Rule, base, and what a file of it holds; the last is its name where that is needed.
_FILES: tuple[tuple[str, str, Shapes, str], ...] = (
    ("wan 2.1 vae", "wan", wan_vae(), "wan_2.1_vae"),
    ("wan 2.1 vae", "wan", wan_diffusers(), "wan_vae_diffusers"),
    ("wan vae", "wan", wan_vae(48, 12, 256), ""),
    ("qwen-image vae", "qwen-image", wan_vae(), "qwen_image_vae"),
    ("qwen-image vae", "qwen-image", wan_diffusers(), "qwen_image_vae"),
    ("qwen-image layered vae", "qwen-image", wan_vae(16, 4), "qwen_image_layered_vae"),
    ("ming-image vae", "ming-image", wan_vae(16, 4), "ming_image_vae"),
    ("qwen-image-2 vae", "qwen-image-2", qwen2_vae(), ""),
    ("qwen-image-2 vae", "qwen-image-2", qwen2_diffusers(), ""),
    ("hunyuan-video vae", "hunyuan-video", _hunyuan(16, f"{_NORM}.weight"), ""),
    ("hunyuan-video vae", "hunyuan-video", _hunyuan(16, f"{_NORM_DIFFUSERS}.weight"), ""),
    ("hunyuan-video 1.5 vae", "hunyuan-video", _hunyuan(32, f"{_NORM}.gamma"), ""),
    (
        "hunyuan-video 1.5 vae, diffusers names",
        "hunyuan-video",
        _hunyuan(32, f"{_NORM_DIFFUSERS}.gamma"),
        "hunyuanvideo15_vae",
    ),
    (
        "hunyuan-image refiner vae, diffusers names",
        "hunyuan-image",
        _hunyuan(32, f"{_NORM_DIFFUSERS}.gamma"),
        "hunyuan_image_refiner_vae",
    ),
    (
        "hunyuan-image refiner vae",
        "hunyuan-image",
        _with(f"{_NORM}.gamma", _WEIGHT, five(1024, 32)),
        "",
    ),
    (
        "hunyuan-image vae",
        "hunyuan-image",
        ldm_vae(64, (128, 256, 512, 512, 1024, 1024)),
        "",
    ),
    ("flux2 vae", "flux2", ldm_vae(32) | {"bn.running_mean": (128,)}, ""),
    ("flux2 vae", "flux2", diffusers_vae(32) | {"bn.running_mean": (128,)}, ""),
    ("flux2 tiny vae", "flux2", tiny(32), "taef2"),
    ("qwen-image-2 tiny vae", "qwen-image-2", tiny(64), ""),
    ("sd-1 tiny vae", "sd-1", tiny_encoder(4), "taesd_encoder"),
    ("sdxl tiny vae", "sdxl", tiny_encoder(4), "taesdxl_encoder"),
    (
        "sana vae",
        "sana",
        {
            "encoder.project_in.conv.bias": (128,),
            "decoder.project_in.main.conv.weight": (1024, 32, 3, 3),
        },
        "",
    ),
    (
        "sana vae",
        "sana",
        {
            "encoder.conv_in.weight": (128, 3, 3, 3),
            "encoder.down_blocks.0.0.conv1.weight": (128, 128, 3, 3),
            _WEIGHT: (1024, 32, 3, 3),
        },
        "",
    ),
    (
        "sd-cascade vae",
        "sd-cascade",
        {"vquantizer.codebook.weight": (8192, 4), "up_blocks.0.0.weight": (384, 4, 1, 1)},
        "",
    ),
    (
        "sd-cascade vae",
        "sd-cascade",
        {
            "vquantizer.embedding.weight": (8192, 4),
            "up_blocks.0.0.weight": (384, 4, 1, 1),
            "down_blocks.0.gammas": (6,),
        },
        "",
    ),
    ("cogview3 vae", "cogview3", _cogview(), "cogview3-vae"),
    ("cogview4 vae", "cogview4", _cogview(), "cogview4-vae"),
    (
        "mage-flow vae",
        "mage-flow",
        {
            "student.dconv_encoder.conv_in.weight": (128, 3, 3, 3),
            "pipeline.dec_net.cond_embed.weight": (1024, 128),
        },
        "",
    ),
    (
        "sd-1 consistency decoder",
        "sd-1",
        {"encoder.conv_in.weight": (128, 3, 3, 3), "decoder_unet.conv_in.weight": (320, 7, 3, 3)},
        "",
    ),
    (
        "sd-1 asymmetric vae",
        "sd-1",
        diffusers_vae() | {"decoder.condition_encoder.layers.0.weight": (192, 3, 3, 3)},
        "",
    ),
    ("sd-2 upscaler vae", "sd-2", _three_levels(), "x4-upscaler-vae"),
    (
        "ltx-video vae",
        "ltx-video",
        {
            "decoder.conv_in.conv.weight": five(512, 128),
            "decoder.up_blocks.0.res_blocks.0.conv1.conv.weight": five(512, 512),
        },
        "",
    ),
    (
        "ltx-video vae",
        "ltx-video",
        {
            "decoder.conv_in.conv.weight": five(1024, 128),
            "decoder.mid_block.resnets.0.conv1.conv.weight": five(1024, 1024),
        },
        "",
    ),
    (
        "ltx-video diffusion decoder",
        "ltx-video",
        {"decoder.conv_in.weight": (2048, 128), "decoder.conv_in_x_t.weight": (2048, 128)},
        "",
    ),
    ("mochi vae", "mochi", {"decoder.blocks.2.blocks.3.stack.5.weight": five(256, 256)}, ""),
    ("mochi vae", "mochi", {"layers.4.layers.1.attn_block.attn.qkv.weight": (1152, 384)}, ""),
    ("cosmos vae", "cosmos", {"decoder.unpatcher3d.wavelets": (2,)}, ""),
    (
        "cogvideox vae",
        "cogvideox",
        {
            "decoder.conv_in.conv.weight": five(512, 16),
            "decoder.mid_block.resnets.0.norm1.norm_layer.weight": (512,),
        },
        "",
    ),
    (
        "svd vae",
        "svd",
        diffusers_vae()
        | {
            "decoder.time_conv_out.weight": (3, 3, 3, 1, 1),
            "decoder.mid_block.resnets.0.temporal_res_block.norm1.weight": (512,),
        },
        "",
    ),
    (
        "svd vae",
        "svd",
        ldm_vae()
        | {
            "decoder.conv_out.time_mix_conv.weight": (3, 3, 3, 1, 1),
            "decoder.mid.block_1.time_stack.in_layers.0.weight": (512,),
        },
        "",
    ),
    (
        "seedvr2 vae",
        "seedvr2",
        {"decoder.up_blocks.2.upsamplers.0.upscale_conv.weight": (1024, 256, 1, 1, 1)},
        "",
    ),
    (
        "minimax-h3 vae",
        "minimax-h3",
        {
            "encoder.conv_in.weight": five(128, 3),
            "decoder.transformer_blocks.0.scale1": (2048,),
        },
        "",
    ),
    (
        "kandinsky6 vae",
        "kandinsky6",
        {
            "decoder.mid.block_1.norm1.conv_y.weight": five(2048, 64, 1),
            "decoder.mid.block_1.norm1.conv_b.weight": five(2048, 64, 1),
        },
        "",
    ),
    (
        "allegro vae",
        "allegro",
        {_WEIGHT: (512, 4, 3, 3), "decoder.temp_conv_in.weight": (512, 512, 3, 1, 1)},
        "",
    ),
    (
        "easyanimate vae",
        "easyanimate",
        {_WEIGHT: five(512, 16), "decoder.mid_block.convs.0.norm1.weight": (512,)},
        "",
    ),
    ("wan tiny vae", "wan", taehv(16), "lighttaew2_1"),
    ("wan 2.2 tiny vae", "wan", taehv(48), ""),
    ("hunyuan-video tiny vae", "hunyuan-video", taehv(16), "taehv"),
    ("hunyuan-video 1.5 tiny vae", "hunyuan-video", taehv(32), ""),
    ("cogvideox tiny vae", "cogvideox", taehv(16), "taecvx"),
    ("ltx-video tiny vae", "ltx-video", taehv(128), ""),
    ("minimax-h3 tiny vae", "minimax-h3", taehv(24), ""),
)

#: Class, base, and what else its config says.
_FOLDERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("AutoencoderKLFlux2", "flux2", {}),
    ("AutoencoderDC", "sana", {"latent_channels": 32}),
    ("PaellaVQModel", "sd-cascade", {}),
    ("AutoencoderKLHunyuanImage", "hunyuan-image", {}),
    ("AutoencoderKLHunyuanImageRefiner", "hunyuan-image", {}),
    ("AutoencoderKLQwenImage21", "qwen-image-2", {}),
    ("ConsistencyDecoderVAE", "sd-1", {}),
    ("AsymmetricAutoencoderKL", "sd-1", {"latent_channels": 4}),
    ("AutoencoderKL", "sd-2", {"latent_channels": 4, "scaling_factor": 0.08333}),
    ("AutoencoderKLWan", "wan", {"z_dim": 48}),
    ("AutoencoderKLQwenImage", "qwen-image", {"z_dim": 16}),
    ("AutoencoderKLHunyuanVideo", "hunyuan-video", {}),
    ("AutoencoderKLHunyuanVideo15", "hunyuan-video", {}),
    ("AutoencoderKLLTXVideo", "ltx-video", {}),
    ("AutoencoderKLLTX2Video", "ltx-video", {}),
    ("LTX2VideoDiffusionDecoderModel", "ltx-video", {}),
    ("AutoencoderKLMochi", "mochi", {}),
    ("AutoencoderKLCosmos", "cosmos", {}),
    ("AutoencoderKLCogVideoX", "cogvideox", {}),
    ("AutoencoderKLTemporalDecoder", "svd", {}),
    ("AutoencoderKLMiniMaxH3", "minimax-h3", {}),
    ("Kandinsky6SRVAE", "kandinsky6", {}),
    ("AutoencoderKLAllegro", "allegro", {}),
    ("AutoencoderKLMagvit", "easyanimate", {}),
)
_COGVIEW_CONFIG = {
    "_class_name": "AutoencoderKL",
    "latent_channels": 16,
    "scaling_factor": 1.0,
    "block_out_channels": [128, 512, 1024, 1024],
}


def vae_cases() -> list[Case]:
    cases = []
    for rule, base, shapes, name in _FILES:
        answer = ("vae", base, "checkpoint", None)
        stem = name or "some-model"
        made = file(partial(dict, shapes), f"{stem}.safetensors")
        cases.append(Case(rule, answer, made))
        prefixed = {f"vae.{tensor}": shape for tensor, shape in shapes.items()}
        if not any(head in rule for head in ("tiny", "mochi")):
            cases.append(Case(rule, answer, file(partial(dict, prefixed), f"{stem}.safetensors")))
    named = [
        (cls, base, {"_class_name": cls, **more}, "some-model") for cls, base, more in _FOLDERS
    ]
    named += [("", base, _COGVIEW_CONFIG, f"{base}-vae") for base in ("cogview3", "cogview4")]
    for _, base, config, name in named:
        made = folder({"config.json": config}, {"diffusion_pytorch_model.safetensors": plain}, name)
        cases.append(Case(f"{base} own vae, folder", ("vae", base, "diffusers", None), made))
    return cases


CASES = vae_cases()

"""Names and shapes of VAEs, text encoders, FLUX.1 and LoRAs at full size."""

from __future__ import annotations

from collections.abc import Iterable

from modelkeep.app.sample.unets import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    UNet,
    diffusers_unet,
    layer,
    ldm_unet,
)

_VAE_WIDTHS = (128, 256, 512, 512)
_FLUX_WIDTH = 3072
#: Latent channels of the SD family.
_SD_LATENT = 4


def _vae_resnet(shapes: Shapes, name: str, before: int, after: int) -> None:
    layer(shapes, f"{name}.norm1", before)
    layer(shapes, f"{name}.conv1", after, before, 3, 3)
    layer(shapes, f"{name}.norm2", after)
    layer(shapes, f"{name}.conv2", after, after, 3, 3)
    if before != after:
        layer(shapes, f"{name}.nin_shortcut", after, before, 1, 1)


def _vae_middle(shapes: Shapes, name: str, width: int) -> None:
    for block in ("block_1", "block_2"):
        _vae_resnet(shapes, f"{name}.mid.{block}", width, width)
    layer(shapes, f"{name}.mid.attn_1.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        layer(shapes, f"{name}.mid.attn_1.{part}", width, width, 1, 1)


def ldm_vae(latent: int = 4, widths: tuple[int, ...] = _VAE_WIDTHS) -> Shapes:
    """Return a VAE in the names of the original code; SD 1, SD 2 and SDXL share them.

    Args:
        latent: Latent channels; FLUX.1 and SD 3 have 16, and no convolutions around them.
        widths: Channels of each level.
    """
    shapes: Shapes = {}
    layer(shapes, "encoder.conv_in", widths[0], 3, 3, 3)
    here = widths[0]
    for level, width in enumerate(widths):
        for block in range(2):
            _vae_resnet(shapes, f"encoder.down.{level}.block.{block}", here, width)
            here = width
        if level < len(widths) - 1:
            layer(shapes, f"encoder.down.{level}.downsample.conv", here, here, 3, 3)
    _vae_middle(shapes, "encoder", here)
    layer(shapes, "encoder.norm_out", here)
    layer(shapes, "encoder.conv_out", latent * 2, here, 3, 3)
    layer(shapes, "decoder.conv_in", here, latent, 3, 3)
    _vae_middle(shapes, "decoder", here)
    for level, width in reversed(list(enumerate(widths))):
        for block in range(3):
            _vae_resnet(shapes, f"decoder.up.{level}.block.{block}", here, width)
            here = width
        if level:
            layer(shapes, f"decoder.up.{level}.upsample.conv", here, here, 3, 3)
    layer(shapes, "decoder.norm_out", here)
    layer(shapes, "decoder.conv_out", 3, here, 3, 3)
    if latent == _SD_LATENT:
        layer(shapes, "quant_conv", latent * 2, latent * 2, 1, 1)
        layer(shapes, "post_quant_conv", latent, latent, 1, 1)
    return shapes


#: Parts of a VAE's names in the original code, and what diffusers calls them.
_DIFFUSERS_VAE = (
    ("mid.block_1.", "mid_block.resnets.0."),
    ("mid.block_2.", "mid_block.resnets.1."),
    ("mid.attn_1.norm.", "mid_block.attentions.0.group_norm."),
    ("mid.attn_1.proj_out.", "mid_block.attentions.0.to_out.0."),
    ("mid.attn_1.", "mid_block.attentions.0.to_"),
    (".downsample.", ".downsamplers.0."),
    (".upsample.", ".upsamplers.0."),
    (".block.", ".resnets."),
    ("nin_shortcut", "conv_shortcut"),
    ("norm_out", "conv_norm_out"),
    ("encoder.down.", "encoder.down_blocks."),
)


def diffusers_vae(latent: int = 4) -> Shapes:
    """Return a VAE in the names of diffusers, whose way up is numbered the other way round."""
    shapes: Shapes = {}
    for original, shape in ldm_vae(latent).items():
        name = original
        for level in range(len(_VAE_WIDTHS)):
            turned = f"decoder.up_blocks.{len(_VAE_WIDTHS) - 1 - level}."
            name = name.replace(f"decoder.up.{level}.", turned)
        for before, after in _DIFFUSERS_VAE:
            name = name.replace(before, after)
        linear = ".attentions.0.to_" in name
        shapes[name] = shape[:2] if linear else shape
    return shapes


def clip_text(width: int = 768, layers: int = 12) -> Shapes:
    """Return a CLIP text encoder in the names of transformers, without ``text_model.``."""
    shapes: Shapes = {
        "embeddings.position_ids": (1, 77),
        "embeddings.position_embedding.weight": (77, width),
        "embeddings.token_embedding.weight": (49408, width),
    }
    for number in range(layers):
        block = f"encoder.layers.{number}"
        layer(shapes, f"{block}.layer_norm1", width)
        layer(shapes, f"{block}.layer_norm2", width)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layer(shapes, f"{block}.self_attn.{part}", width, width)
        layer(shapes, f"{block}.mlp.fc1", width * 4, width)
        layer(shapes, f"{block}.mlp.fc2", width, width * 4)
    layer(shapes, "final_layer_norm", width)
    return shapes


def open_clip_text(width: int, layers: int) -> Shapes:
    """Return a CLIP text encoder in the names of OpenCLIP (H: 1024, 24; bigG: 1280, 32)."""
    shapes: Shapes = {
        "logit_scale": (),
        "positional_embedding": (77, width),
        "text_projection": (width, width),
        "token_embedding.weight": (49408, width),
    }
    for number in range(layers):
        block = f"transformer.resblocks.{number}"
        shapes[f"{block}.attn.in_proj_weight"] = (width * 3, width)
        shapes[f"{block}.attn.in_proj_bias"] = (width * 3,)
        layer(shapes, f"{block}.attn.out_proj", width, width)
        layer(shapes, f"{block}.ln_1", width)
        layer(shapes, f"{block}.ln_2", width)
        layer(shapes, f"{block}.mlp.c_fc", width * 4, width)
        layer(shapes, f"{block}.mlp.c_proj", width, width * 4)
    layer(shapes, "ln_final", width)
    return shapes


def flux_transformer(*, guidance: bool = True, inputs: int = 64) -> Shapes:
    """Return the FLUX.1 transformer in the names of its makers.

    Args:
        guidance: With the guidance embedding of dev; schnell has none.
        inputs: Width of a patch; 384 for fill, 128 for the control models.
    """
    width, shapes = _FLUX_WIDTH, Shapes()
    layer(shapes, "img_in", width, inputs)
    layer(shapes, "txt_in", width, 4096)
    embedders = [("time_in", 256), ("vector_in", 768)] + [("guidance_in", 256)] * guidance
    for name, taken in embedders:
        layer(shapes, f"{name}.in_layer", width, taken)
        layer(shapes, f"{name}.out_layer", width, width)
    for number in range(19):
        for stream in ("img", "txt"):
            block = f"double_blocks.{number}.{stream}"
            layer(shapes, f"{block}_mod.lin", width * 6, width)
            layer(shapes, f"{block}_attn.qkv", width * 3, width)
            shapes[f"{block}_attn.norm.query_norm.scale"] = (128,)
            shapes[f"{block}_attn.norm.key_norm.scale"] = (128,)
            layer(shapes, f"{block}_attn.proj", width, width)
            layer(shapes, f"{block}_mlp.0", width * 4, width)
            layer(shapes, f"{block}_mlp.2", width, width * 4)
    for number in range(38):
        block = f"single_blocks.{number}"
        layer(shapes, f"{block}.linear1", width * 7, width)
        layer(shapes, f"{block}.linear2", width, width * 5)
        shapes[f"{block}.norm.query_norm.scale"] = (128,)
        shapes[f"{block}.norm.key_norm.scale"] = (128,)
        layer(shapes, f"{block}.modulation.lin", width * 3, width)
    layer(shapes, "final_layer.linear", 64, width)
    layer(shapes, "final_layer.adaLN_modulation.1", width * 2, width)
    return shapes


def _lora(modules: Iterable[tuple[str, tuple[int, ...]]], rank: int, *, alpha: bool) -> Shapes:
    shapes: Shapes = {}
    for name, weight in modules:
        kernel = (1,) * (len(weight) - 2)
        shapes[f"{name}.lora_down.weight"] = (rank, weight[1], *kernel)
        shapes[f"{name}.lora_up.weight"] = (weight[0], rank, *kernel)
        if alpha:
            shapes[f"{name}.alpha"] = ()
    return shapes


def _attention_modules(shapes: Shapes, prefix: str) -> Iterable[tuple[str, tuple[int, ...]]]:
    for name, shape in shapes.items():
        inside = ".transformer_blocks." in name or ".proj_in." in name or ".proj_out." in name
        if inside and name.endswith(".weight") and len(shape) > 1:
            yield prefix + name.removesuffix(".weight").replace(".", "_"), shape


def _text_modules(prefix: str, width: int, layers: int) -> Iterable[tuple[str, tuple[int, ...]]]:
    for name, shape in clip_text(width, layers).items():
        if ".layers." in name and name.endswith(".weight") and len(shape) > 1:
            path = f"text_model_{name.removesuffix('.weight')}".replace(".", "_")
            yield prefix + path, shape


def sd1_lora_unet(rank: int = 8, *, alpha: bool = True) -> Shapes:
    """Return the U-Net half of a LoRA of SD 1, as kohya's scripts write it."""
    modules = _attention_modules(diffusers_unet(SD1), "lora_unet_")
    return _lora(modules, rank, alpha=alpha)


def sd1_lora_text(rank: int = 8, *, alpha: bool = True) -> Shapes:
    """Return the text half of a LoRA of SD 1, as kohya's scripts write it."""
    return _lora(_text_modules("lora_te_", 768, 12), rank, alpha=alpha)


def sdxl_lora(rank: int = 16) -> Shapes:
    """Return a LoRA of SDXL, as kohya's scripts write it: original names, two encoders."""
    unet = _lora(_attention_modules(ldm_unet(SDXL), "lora_unet_"), rank, alpha=True)
    first = _lora(_text_modules("lora_te1_", 768, 12), rank, alpha=True)
    second = _lora(_text_modules("lora_te2_", 1280, 32), rank, alpha=True)
    return unet | first | second


def flux_lora() -> Shapes:
    """Return a LoRA of FLUX.1 of a few modules, as kohya's scripts write it."""
    # Without the last two it could be for models that are built alike.
    modules = {
        "double_blocks_0_img_attn_proj": (3072, 3072),
        "double_blocks_0_txt_attn_qkv": (9216, 3072),
        "single_blocks_0_linear2": (3072, 15360),
        "txt_in": (3072, 4096),
        "vector_in_in_layer": (3072, 768),
    }
    shapes: Shapes = {}
    for name, (wide, narrow) in modules.items():
        shapes[f"lora_unet_{name}.lora_down.weight"] = (4, narrow)
        shapes[f"lora_unet_{name}.lora_up.weight"] = (wide, 4)
        shapes[f"lora_unet_{name}.alpha"] = ()
    return shapes


def clip_vision(width: int = 1024, layers: int = 24) -> Shapes:
    """Return a CLIP vision encoder in the names of transformers."""
    shapes: Shapes = {
        "embeddings.class_embedding": (width,),
        "embeddings.patch_embedding.weight": (width, 3, 14, 14),
        "embeddings.position_embedding.weight": (257, width),
    }
    for number in range(layers):
        block = f"encoder.layers.{number}"
        for norm in ("layer_norm1", "layer_norm2"):
            layer(shapes, f"{block}.{norm}", width)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layer(shapes, f"{block}.self_attn.{part}", width, width)
        layer(shapes, f"{block}.mlp.fc1", width * 4, width)
        layer(shapes, f"{block}.mlp.fc2", width, width * 4)
    layer(shapes, "pre_layrnorm", width)
    layer(shapes, "post_layernorm", width)
    named = {f"vision_model.{name}": shape for name, shape in shapes.items()}
    return {**named, "visual_projection.weight": (768, width)}


_LDM_TEXT: dict[UNet, tuple[tuple[str, Shapes], ...]] = {
    SD1: (("cond_stage_model.transformer.text_model.", clip_text()),),
    SD2: (("cond_stage_model.model.", open_clip_text(1024, 24)),),
    SDXL: (
        ("conditioner.embedders.0.transformer.text_model.", clip_text()),
        ("conditioner.embedders.1.model.", open_clip_text(1280, 32)),
    ),
    REFINER: (("conditioner.embedders.0.model.", open_clip_text(1280, 32)),),
}


def checkpoint(unet: UNet) -> Shapes:
    """Return a whole checkpoint in the names of the original code: U-Net, VAE and text encoders.

    Args:
        unet: One of ``SD1``, ``SD2``, ``SDXL`` and ``REFINER``, with any number of inputs.
    """
    parts = [("model.diffusion_model.", ldm_unet(unet)), ("first_stage_model.", ldm_vae())]
    parts += _LDM_TEXT[unet.with_inputs(4)]
    return {prefix + name: shape for prefix, shapes in parts for name, shape in shapes.items()}

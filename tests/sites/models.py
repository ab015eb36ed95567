"""Models that sites of these tests have: small, and identified as the real ones are."""

from __future__ import annotations

import json
from typing import Any

from support.tiny import safetensors_bytes

Shapes = dict[str, tuple[str, tuple[int, ...]]]


def sdxl_lora(fill: int = 0, trigger: str = "") -> bytes:
    """Return a LoRA of SDXL in kohya's names: one layer of each text encoder, one of the U-Net."""
    layers = {
        "lora_te1_text_model_encoder_layers_0_self_attn_q_proj": (768, 768),
        "lora_te2_text_model_encoder_layers_0_self_attn_q_proj": (1280, 1280),
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k": (2048, 640),
    }
    tensors: Shapes = {}
    for name, (width_in, width_out) in layers.items():
        tensors[f"{name}.lora_down.weight"] = ("F16", (4, width_in))
        tensors[f"{name}.lora_up.weight"] = ("F16", (width_out, 4))
        tensors[f"{name}.alpha"] = ("F16", ())
    return safetensors_bytes(
        tensors, {"modelspec.trigger_phrase": trigger} if trigger else {}, fill
    )


def sd1_checkpoint(fill: int = 0, rows: int = 4) -> bytes:
    """Return a checkpoint of SD 1: a few tensors of the U-Net, the VAE and the text encoder.

    Args:
        fill: Every byte of its tensors.
        rows: Makes it larger: each row has 1.5 kB.
    """
    unet = "model.diffusion_model"
    attention = f"{unet}.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    tensors: Shapes = {
        f"{unet}.input_blocks.0.0.weight": ("F16", (4, 4, 3, 3)),
        attention: ("F16", (rows, 768)),
        f"{unet}.output_blocks.0.0.in_layers.0.weight": ("F16", (4,)),
        "first_stage_model.decoder.conv_in.weight": ("F16", (4, 4, 3, 3)),
        "cond_stage_model.transformer.text_model.final_layer_norm.weight": ("F16", (768,)),
    }
    return safetensors_bytes(tensors, fill=fill)


def sdxl_pipeline(fill: int = 0) -> dict[str, bytes]:
    """Return the files of a repository with an SDXL pipeline in full and in half precision.

    The U-Net in full precision is in two shards, the one in half precision is in one file.
    """
    configs: dict[str, Any] = {
        "model_index.json": {
            "_class_name": "StableDiffusionXLPipeline",
            "scheduler": ["diffusers", "EulerDiscreteScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
        "scheduler/scheduler_config.json": {
            "_class_name": "EulerDiscreteScheduler",
            "prediction_type": "epsilon",
        },
        "text_encoder/config.json": {"architectures": ["CLIPTextModel"], "hidden_size": 768},
        "tokenizer/vocab.json": {"<|startoftext|>": 0},
        "tokenizer/tokenizer_config.json": {"model_max_length": 77},
        "unet/config.json": {
            "_class_name": "UNet2DConditionModel",
            "cross_attention_dim": 2048,
            "in_channels": 4,
            "projection_class_embeddings_input_dim": 2816,
        },
        "unet/diffusion_pytorch_model.safetensors.index.json": {
            "metadata": {"total_size": 8192},
            "weight_map": {f"layer.{number}.weight": _shard(number) for number in (1, 2)},
        },
        "vae/config.json": {"_class_name": "AutoencoderKL", "latent_channels": 4},
    }
    files = {name: json.dumps(value, indent=2).encode() for name, value in configs.items()}
    files["tokenizer/merges.txt"] = b"#version: 0.2\ni n\n"
    files["README.md"] = b"---\nlicense: openrail++\n---\nA tiny pipeline.\n"
    for number in (1, 2):
        files[f"unet/{_shard(number)}"] = _weights(f"layer.{number}.weight", "F32", fill + number)
    unet = "unet/diffusion_pytorch_model.fp16.safetensors"
    files[unet] = _weights("layer.1.weight", "F16", fill + 3)
    for at, (stem, kind) in enumerate(
        (f"{stem}{label}", kind)
        for stem in ("text_encoder/model", "vae/diffusion_pytorch_model")
        for label, kind in ((".fp16", "F16"), ("", "F32"))
    ):
        files[f"{stem}.safetensors"] = _weights("layer.0.weight", kind, fill + 4 + at)
    return files


def _shard(number: int) -> str:
    return f"diffusion_pytorch_model-{number:05}-of-00002.safetensors"


def _weights(name: str, kind: str, fill: int) -> bytes:
    return safetensors_bytes({name: (kind, (32, 32))}, fill=fill)

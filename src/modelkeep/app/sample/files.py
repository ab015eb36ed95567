"""Writing model files and folders that are real to every reader and take next to no disk."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

from modelkeep.app.sample.parts import clip_text, diffusers_vae
from modelkeep.app.sample.unets import SD1, Shapes, diffusers_unet
from modelkeep.disk import open_files, paths

Tensors = Mapping[str, tuple[str, tuple[int, ...]]]
_BYTES = {
    "F64": 8,
    "F32": 4,
    "I64": 8,
    "I32": 4,
    "F16": 2,
    "BF16": 2,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
}


def typed(
    shapes: Shapes, dtype: str = "F16", prefix: str = ""
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return ``shapes`` with an element type and a prefix before every name."""
    return {prefix + name: (dtype, shape) for name, shape in shapes.items()}


def write_safetensors(
    path: Path, tensors: Tensors, metadata: Mapping[str, str] | None = None
) -> Path:
    """Write a safetensors file: a real header, and data that is a hole.

    Args:
        path: Where to; folders are made.
        tensors: Element type and shape of each tensor.
        metadata: The free-form metadata of the header.

    Returns:
        ``path``.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name, (dtype, shape) in tensors.items():
        end = position + math.prod(shape) * _BYTES.get(dtype, 1)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    paths.write_file(path, struct.pack("<Q", len(text)) + text, durable=False)
    fd = open_files.open_own(path)
    if fd is not None:
        try:
            open_files.cut(fd, 8 + len(text) + position, path)
        finally:
            open_files.close(fd)
    return path


def write_json(path: Path, value: object) -> Path:
    """Write a JSON file; folders are made."""
    paths.write_file(path, json.dumps(value, indent=2).encode(), durable=False)
    return path


def write_sd1_folder(root: Path, *, inputs: int = 4, form: str = "") -> Path:
    """Write a diffusers folder of SD 1: configs and sparse weights.

    Args:
        root: The folder to make.
        inputs: Input channels of the U-Net.
        form: A form of the weights (fp16) to put in their names.

    Returns:
        ``root``.
    """
    suffix = f".{form}.safetensors" if form else ".safetensors"
    write_json(
        root / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "scheduler": ["diffusers", "DDIMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
    )
    scheduler = {"_class_name": "DDIMScheduler", "prediction_type": "epsilon"}
    write_json(root / "scheduler/scheduler_config.json", scheduler)
    unet = {
        "_class_name": "UNet2DConditionModel",
        "cross_attention_dim": 768,
        "in_channels": inputs,
    }
    write_json(root / "unet/config.json", unet)
    vae = {
        "_class_name": "AutoencoderKL",
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "latent_channels": 4,
        "layers_per_block": 2,
        "scaling_factor": 0.18215,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
    }
    write_json(root / "vae/config.json", vae)
    text = {
        "architectures": ["CLIPTextModel"],
        "hidden_size": 768,
        "intermediate_size": 3072,
        "model_type": "clip_text_model",
        "num_attention_heads": 12,
        "projection_dim": 768,
    }
    write_json(root / "text_encoder/config.json", text)
    weights = diffusers_unet(SD1.with_inputs(inputs))
    write_safetensors(root / f"unet/diffusion_pytorch_model{suffix}", typed(weights))
    write_safetensors(root / f"vae/diffusion_pytorch_model{suffix}", typed(diffusers_vae()))
    encoder = typed(clip_text(), prefix="text_model.")
    write_safetensors(root / f"text_encoder/model{suffix}", encoder)
    return root

"""Tiny but real model files: full headers with few, small tensors."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

_BYTES = {"F16": 2, "F32": 4}


def safetensors_bytes(
    tensors: Mapping[str, tuple[str, tuple[int, ...]]],
    metadata: Mapping[str, str] | None = None,
    fill: int = 0,
) -> bytes:
    """Return a safetensors file with these tensors, every data byte being ``fill``."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name, (dtype, shape) in tensors.items():
        size = _BYTES[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [position, position + size],
        }
        position += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes([fill]) * position


def embedding(path: Path, fill: int = 0, vectors: int = 2) -> Path:
    """Write a textual inversion of SD 1: one tensor ``emb_params`` of width 768."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(safetensors_bytes({"emb_params": ("F32", (vectors, 768))}, fill=fill))
    return path


def lora(path: Path, fill: int = 0, metadata: Mapping[str, str] | None = None) -> Path:
    """Write a LoRA of SD 1 in kohya's names, with one layer of the text encoder and one U-Net's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = {
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj": (768, 768),
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k": (768, 320),
    }
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, (width_in, width_out) in layers.items():
        tensors[f"{name}.lora_down.weight"] = ("F16", (4, width_in))
        tensors[f"{name}.lora_up.weight"] = ("F16", (width_out, 4))
        tensors[f"{name}.alpha"] = ("F16", ())
    path.write_bytes(safetensors_bytes(tensors, metadata, fill))
    return path


def embedding_folder(path: Path, fill: int = 0) -> Path:
    """Write a folder with a textual inversion, a note beside it and a subfolder."""
    embedding(path / "learned_embeds.safetensors", fill)
    (path / "notes").mkdir(parents=True, exist_ok=True)
    (path / "notes" / "README.md").write_text("how it was made\n")
    return path

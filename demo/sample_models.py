"""Sample models: full names and shapes of real ones, written as sparse files.

Run it to try modelkeep without downloading anything::

    python demo/sample_models.py DIR
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from modelkeep.app.sample.files import typed, write_json, write_safetensors, write_sd1_folder
from modelkeep.app.sample.parts import (
    checkpoint,
    clip_text,
    diffusers_vae,
    flux_transformer,
    ldm_vae,
    open_clip_text,
    sd1_lora_text,
    sd1_lora_unet,
    sdxl_lora,
)
from modelkeep.app.sample.unets import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    UNet,
    diffusers_controlnet,
    diffusers_unet,
    ldm_controlnet,
    ldm_unet,
)

__all__ = [
    "REFINER",
    "SD1",
    "SD2",
    "SDXL",
    "Shapes",
    "UNet",
    "checkpoint",
    "clip_text",
    "diffusers_controlnet",
    "diffusers_unet",
    "diffusers_vae",
    "flux_transformer",
    "ldm_controlnet",
    "ldm_unet",
    "ldm_vae",
    "open_clip_text",
    "sd1_lora_text",
    "sd1_lora_unet",
    "sdxl_lora",
    "typed",
    "write_json",
    "write_safetensors",
    "write_samples",
    "write_sd1_folder",
]


def write_samples(root: Path) -> Iterator[Path]:
    """Write a checkpoint, a LoRA, an embedding and a diffusers folder; yield each path."""
    yield write_safetensors(
        root / "harbourLightsXL_v20.safetensors",
        typed(checkpoint(SDXL)),
        {"modelspec.architecture": "stable-diffusion-xl-v1-base"},
    )
    yield write_safetensors(
        root / "paper-cut-style.safetensors",
        typed(sd1_lora_unet() | sd1_lora_text()),
        {"ss_base_model_version": "sd_v1", "modelspec.trigger_phrase": "paper cut"},
    )
    yield write_safetensors(root / "soft-focus.safetensors", {"emb_params": ("F32", (4, 768))})
    yield write_sd1_folder(root / "harbour-lights-diffusers")


def main() -> None:
    """Write the samples into the folder that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.exit("usage: python demo/sample_models.py DIR")
    for path in write_samples(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()

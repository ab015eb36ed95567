"""A Stable Diffusion 1 pipeline of less than a megabyte, with random weights: it makes noise.

Run it to try loading without downloading anything; it needs ``pip install 'modelkeep[load]'``::

    python demo/small_pipeline.py DIR
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_WIDTH = 32
_LETTERS = [chr(code) for code in range(33, 127)]


def make(folder: Path) -> None:
    """Write the pipeline into a folder, in diffusers' layout; its weights are always the same."""
    import diffusers
    import torch
    import transformers

    torch.manual_seed(0)
    parts: dict[str, Any] = {
        "vae": diffusers.AutoencoderKL(
            block_out_channels=(8, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
        ),
        "unet": diffusers.UNet2DConditionModel(
            block_out_channels=(8, 16),
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            layers_per_block=1,
            sample_size=8,
            attention_head_dim=2,
            cross_attention_dim=_WIDTH,
            norm_num_groups=4,
        ),
        "text_encoder": transformers.CLIPTextModel(
            transformers.CLIPTextConfig(
                vocab_size=2 * len(_LETTERS) + 2,
                hidden_size=_WIDTH,
                intermediate_size=_WIDTH,
                num_hidden_layers=2,
                num_attention_heads=4,
                bos_token_id=2 * len(_LETTERS),
                eos_token_id=2 * len(_LETTERS) + 1,
            )
        ),
        "tokenizer": transformers.CLIPTokenizer(vocab=_words(), merges=[]),
        "scheduler": diffusers.DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
    }
    index: dict[str, Any] = {"_class_name": "StableDiffusionPipeline"}
    for name, part in parts.items():
        part.save_pretrained(folder / name)
        library = "transformers" if name in {"text_encoder", "tokenizer"} else "diffusers"
        index[name] = [library, type(part).__name__]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))


def _words() -> dict[str, int]:
    """Return a vocabulary of single letters."""
    ends = [f"{letter}</w>" for letter in _LETTERS]
    known = [*_LETTERS, *ends, "<|startoftext|>", "<|endoftext|>"]
    return {word: place for place, word in enumerate(known)}


if __name__ == "__main__":
    if len(sys.argv) != len(("program", "folder")):
        sys.exit("Usage: python demo/small_pipeline.py DIR")
    try:
        make(Path(sys.argv[1]))
    except ImportError as missing:
        sys.exit(f"{missing.name} is not installed. Run: pip install 'modelkeep[load]'")

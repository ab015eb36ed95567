"""Motion modules: from AnimateDiff's names to those of diffusers, and what they show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]

_PARTS = MappingProxyType(
    {
        ".temporal_transformer": "",
        ".attention_blocks.0.pos_encoder": ".pos_embed",
        ".attention_blocks.0": ".attn1",
        ".attention_blocks.1": ".attn2",
        ".norms.0": ".norm1",
        ".norms.1": ".norm2",
        ".ff_norm": ".norm3",
    }
)
#: The second attention has the same table of positions as the first; diffusers keeps one.
_SECOND_TABLE = ".attention_blocks.1.pos_encoder."
_MODULE = re.compile(r"(down|up)_blocks\.(\d+)\.motion_modules\.(\d+)\.(.+)")
_TABLE = "transformer_blocks.0.pos_embed.pe"


def diffusers_names(names: list[str]) -> dict[str, str]:
    """Return the names of diffusers by those of a file, less the tensors that it has no use for."""
    found = {}
    for name in names:
        if _SECOND_TABLE not in name:
            new = name.removeprefix("module.")
            for old, part in _PARTS.items():
                new = new.replace(old, part)
            found[name] = new
    return found


def config_of(shapes: Shapes) -> dict[str, Any]:
    """Return the settings of ``MotionAdapter`` that tensors in diffusers' names show.

    Returns:
        Nothing where these are not the tensors of motion modules.
    """
    widths: dict[int, int] = {}
    layers: dict[int, int] = {}
    frames = 0
    for name, shape in shapes.items():
        module = _MODULE.fullmatch(name)
        if module is None or module[1] != "down":
            continue
        block, layer = int(module[2]), int(module[3])
        layers[block] = max(layers.get(block, 0), layer + 1)
        if module[4] == "norm.weight" and shape:
            widths[block] = shape[0]
        elif module[4] == _TABLE and len(shape) > 1:
            frames = shape[1]
    blocks = range(len(widths))
    if not widths or not frames or set(widths) != set(blocks):
        return {}
    config: dict[str, Any] = {
        "block_out_channels": [widths[block] for block in blocks],
        "motion_layers_per_block": [layers[block] for block in blocks],
        "motion_max_seq_length": frames,
        "use_motion_mid_block": any(name.startswith("mid_block.") for name in shapes),
    }
    if len(entry := shapes.get("conv_in.weight", ())) > 1:
        config["conv_in_channels"] = entry[1]
    return config

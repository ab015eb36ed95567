"""T2I-Adapters: from the names of the original code to those of diffusers, and what they show.

The original counts the layers of all blocks in one row, two for each block of the large form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]

#: Colours and the factor by which pictures are folded, by the channels that come out of that.
_INPUTS = MappingProxyType({64: (1, 8), 192: (3, 8), 256: (1, 16), 768: (3, 16)})
_XL_FACTOR = 16
_FLAT = re.compile(r"body\.(\d+)\.(in_conv|block[12])\.(.+)")
_LIGHT = re.compile(r"body\.(\d+)\.body\.(\d+)\.(.+)")
_USUAL_LAYERS = 2


def diffusers_names(names: list[str]) -> dict[str, str]:
    """Return the names of diffusers by those of a file, ``adapter.`` aside."""
    if any(".resnets." in name for name in names):
        return {name: name for name in names}
    if "conv_in.weight" not in names:
        return {name: _LIGHT.sub(r"body.\1.resnets.\2.\3", name) for name in names}
    # The first block that gets wider shows how many layers each block has.
    wider = [
        int(found[1]) for n in names if (found := _FLAT.fullmatch(n)) and found[2] == "in_conv"
    ]
    per_block = min(wider, default=_USUAL_LAYERS) or _USUAL_LAYERS

    def renamed(found: re.Match[str]) -> str:
        block, layer = divmod(int(found[1]), per_block)
        inner = "" if found[2] == "in_conv" else f"resnets.{layer}."
        return f"body.{block}.{inner}{found[2]}.{found[3]}"

    return {name: _FLAT.sub(renamed, name) for name in names}


def config_of(shapes: Shapes) -> dict[str, Any]:
    """Return the settings of ``T2IAdapter`` that tensors in diffusers' names show.

    Returns:
        Nothing where these are not the tensors of such an adapter.
    """
    is_light = "conv_in.weight" not in shapes
    first = shapes.get("body.0.in_conv.weight" if is_light else "conv_in.weight", ())
    blocks, layers = _counts(shapes)
    last = "out_conv.weight" if is_light else "resnets.0.block1.weight"
    outputs = [shapes.get(f"body.{block}.{last}", ()) for block in range(blocks)]
    inputs = _INPUTS.get(first[1]) if len(first) > 1 else None
    if inputs is None or not layers or not all(outputs):
        return {}
    colours, factor = inputs
    kind = "light_adapter" if is_light else "full_adapter"
    return {
        "adapter_type": kind if is_light or factor != _XL_FACTOR else f"{kind}_xl",
        "in_channels": colours,
        # The class adds a block to the small form by itself.
        "channels": [shape[0] for shape in (outputs[:-1] if is_light else outputs)],
        "num_res_blocks": layers,
        "downscale_factor": factor,
    }


def _counts(shapes: Shapes) -> tuple[int, int]:
    """Return the numbers of blocks, and of layers in the first."""
    blocks = {name.split(".")[1] for name in shapes if name.startswith("body.")}
    layers = {name.split(".")[3] for name in shapes if name.startswith("body.0.resnets.")}
    return len(blocks), len(layers)

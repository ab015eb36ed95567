"""Modules of U-Nets: from the names of the original code to those of diffusers.

The original counts the members of all blocks in one row: ``input_blocks_4_1`` is the first
attention of the second block, ``down_blocks_1_attentions_0``.
"""

from __future__ import annotations

import re
from types import MappingProxyType

_INPUT = re.compile(r"input_blocks_(\d+)_(\d+)(?:_(.+))?")
_MIDDLE = re.compile(r"middle_block_(\d)_(.+)")
_OUTPUT = re.compile(r"output_blocks_(\d+)_(\d+)_(.+)")
#: Members of a block: two residual ones and one that resamples, or three on the way up.
_PER_BLOCK = 3
_RESNET = MappingProxyType(
    {
        "in_layers_0": "norm1",
        "in_layers_2": "conv1",
        "emb_layers_1": "time_emb_proj",
        "out_layers_0": "norm2",
        "out_layers_3": "conv2",
        "skip_connection": "conv_shortcut",
    }
)
_ENDS = MappingProxyType(
    {
        "time_embed_0": "time_embedding_linear_1",
        "time_embed_2": "time_embedding_linear_2",
        "label_emb_0_0": "add_embedding_linear_1",
        "label_emb_0_2": "add_embedding_linear_2",
        "out_0": "conv_norm_out",
        "out_2": "conv_out",
    }
)


def diffusers_path(path: str) -> str:
    """Return what diffusers calls a module of a U-Net; other names stay as they are.

    Args:
        path: Its name with ``_`` between the parts.
    """
    if found := _INPUT.fullmatch(path):
        return _going_down(int(found[1]), int(found[2]), found[3] or "")
    if found := _OUTPUT.fullmatch(path):
        return _going_up(int(found[1]), int(found[2]), found[3])
    if found := _MIDDLE.fullmatch(path):
        place = int(found[1])
        return f"mid_block_{_member(place % 2, place // 2, found[2])}"
    if path.endswith("_to_out"):  # the layer that older names mean is the first of two
        return f"{path}_0"
    return _ENDS.get(path, path)


def _going_down(number: int, member: int, rest: str) -> str:
    if number == 0:
        return "conv_in"
    block, place = divmod(number - 1, _PER_BLOCK)
    if place == _PER_BLOCK - 1:
        return f"down_blocks_{block}_downsamplers_0_conv"
    return f"down_blocks_{block}_{_member(member, place, rest)}"


def _going_up(number: int, member: int, rest: str) -> str:
    block, place = divmod(number, _PER_BLOCK)
    if rest == "conv":
        return f"up_blocks_{block}_upsamplers_0_conv"
    return f"up_blocks_{block}_{_member(member, place, rest)}"


def _member(member: int, place: int, rest: str) -> str:
    if member == 0:
        return f"resnets_{place}_{_RESNET.get(rest, rest)}"
    return f"attentions_{place}_{rest}"

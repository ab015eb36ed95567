"""Module tables of Stable Diffusion 3 and 3.5."""

from __future__ import annotations

from modelkeep.identification.families._flow_models import feed_forward
from modelkeep.identification.families._transformers import same, two_layers, under
from modelkeep.identification.module_tables import Widths

_TEXT, _POOLED, _TIME = 4096, 2048, 256
#: The modulation of a block with one attention has this many parts, with two that many.
_PARTS, _DUAL_PARTS = 6, 9


def original_modules(width: int, blocks: int, dual: int = 0) -> dict[str, Widths]:
    """Return all modules in the names of Stability AI.

    Args:
        width: Hidden width.
        blocks: How many blocks there are.
        dual: How many of the first blocks have a second attention to the picture alone.
    """
    attention: dict[str, Widths] = {"qkv": (width, 3 * width), "proj": (width, width)}
    inner: dict[str, Widths] = {"fc1": (width, 4 * width), "fc2": (4 * width, width)}
    modules: dict[str, Widths] = {}
    if dual:
        first = under(f"joint_blocks.{{{dual}}}.x_block.attn2", attention)
        modules |= first | _modulation(f"joint_blocks.{{{dual}}}.x_block", width, _DUAL_PARTS)
    # The text leaves behind the last block, which shifts and scales it only.
    modules |= _modulation(f"joint_blocks.{blocks - 1}.context_block", width, 2)
    modules |= under(f"joint_blocks.{blocks - 1}.context_block.attn", attention)
    for stream in ("x_block", "context_block"):
        block = f"joint_blocks.{{{blocks}}}.{stream}"
        modules |= under(f"{block}.attn", attention) | under(f"{block}.mlp", inner)
        modules |= _modulation(block, width, _PARTS)
    return modules | {
        "x_embedder.proj": (16, width),
        "context_embedder": (_TEXT, width),
        "t_embedder.mlp.0": (_TIME, width),
        "t_embedder.mlp.2": (width, width),
        "y_embedder.mlp.0": (_POOLED, width),
        "y_embedder.mlp.2": (width, width),
        "final_layer.linear": (width, 64),
        "final_layer.adaLN_modulation.1": (width, 2 * width),
    }


def _modulation(block: str, width: int, parts: int) -> dict[str, Widths]:
    return {f"{block}.adaLN_modulation.1": (width, parts * width)}


def diffusers_modules(width: int, blocks: int, dual: int = 0) -> dict[str, Widths]:
    """Return all modules in the names of diffusers; see ``original_modules``."""
    attention = same(width, "to_q", "to_k", "to_v", "to_out.0") | {"to_qkv": (width, 3 * width)}
    added = same(width, "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
    block = f"transformer_blocks.{{{blocks}}}"
    modules: dict[str, Widths] = {}
    if dual:
        first = f"transformer_blocks.{{{dual}}}"
        modules |= under(f"{first}.attn2", attention)
        modules |= {f"{first}.norm1.linear": (width, _DUAL_PARTS * width)}
    return (
        modules
        | {f"transformer_blocks.{blocks - 1}.norm1_context.linear": (width, 2 * width)}
        | under(f"{block}.attn", attention | added | {"to_added_qkv": (width, 3 * width)})
        | under(f"{block}.ff", feed_forward(width, 4 * width))
        | under(f"{block}.ff_context", feed_forward(width, 4 * width))
        | two_layers("time_text_embed.timestep_embedder", _TIME, width, width)
        | two_layers("time_text_embed.text_embedder", _POOLED, width, width)
        | {
            f"{block}.norm1.linear": (width, _PARTS * width),
            f"{block}.norm1_context.linear": (width, _PARTS * width),
            "pos_embed.proj": (16, width),
            "context_embedder": (_TEXT, width),
            "norm_out.linear": (width, 2 * width),
            "proj_out": (width, 64),
        }
    )

"""The module table of CogView 3 Plus and 4."""

from __future__ import annotations

from modelkeep.identification.families._flow_models import feed_forward
from modelkeep.identification.families._transformers import same, two_layers, under
from modelkeep.identification.module_tables import Widths

_TEXT, _TIME, _SIZES = 4096, 512, 1536


def cogview_modules(width: int, blocks: int) -> dict[str, Widths]:
    """Return all modules.

    Args:
        width: Hidden width.
        blocks: How many blocks there are.
    """
    block = f"transformer_blocks.{{{blocks}}}"
    return (
        under(f"{block}.attn1", same(width, "to_q", "to_k", "to_v", "to_out.0"))
        | under(f"{block}.ff", feed_forward(width, 4 * width))
        | two_layers("time_condition_embed.timestep_embedder", width, _TIME, _TIME)
        | two_layers("time_condition_embed.condition_embedder", _SIZES, _TIME, _TIME)
        | {
            f"{block}.norm1.linear": (_TIME, 12 * width),
            "patch_embed.proj": (None, width),
            "patch_embed.text_proj": (_TEXT, width),
            "norm_out.linear": (_TIME, 2 * width),
            "proj_out": (width, 64),
        }
    )

"""Module tables of Qwen-Image and of what is built like it: blocks of two streams."""

from __future__ import annotations

from modelkeep.identification.families._transformers import TIME, same, two_layers, under
from modelkeep.identification.module_tables import Widths


def two_streams(hidden: int, blocks: int, text: int, picture: int) -> dict[str, Widths]:
    """Return the modules of a transformer as Qwen-Image has them.

    Args:
        hidden: Hidden width.
        blocks: How many blocks there are.
        text: Width of the text context.
        picture: Width of one picture patch.
    """
    attention = same(
        hidden,
        *("to_q", "to_k", "to_v", "to_out.0"),
        *("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"),
    )
    fused = {"to_qkv": (hidden, 3 * hidden), "add_qkv_proj": (hidden, 3 * hidden)}
    block = under("attn", attention | fused)
    for stream in ("img", "txt"):
        block |= {
            f"{stream}_mod.1": (hidden, 6 * hidden),
            f"{stream}_mlp.net.0.proj": (hidden, 4 * hidden),
            f"{stream}_mlp.net.2": (4 * hidden, hidden),
        }
    return {
        **under(f"transformer_blocks.{{{blocks}}}", block),
        **two_layers("time_text_embed.timestep_embedder", TIME, hidden, hidden),
        "img_in": (picture, hidden),
        "txt_in": (text, hidden),
        "norm_out.linear": (hidden, 2 * hidden),
        "proj_out": (hidden, picture),
    }

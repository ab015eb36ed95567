"""Module tables of Sana, Sana-Video and Sana-WM."""

from __future__ import annotations

from modelkeep.identification.families._transformers import same, two_layers, under
from modelkeep.identification.module_tables import Widths

_TEXT, _TIME = 2304, 256


def original_modules(width: int, blocks: int, ratio: float = 2.5) -> dict[str, Widths]:
    """Return all modules in NVIDIA's names.

    Args:
        width: Hidden width.
        blocks: How many blocks there are.
        ratio: How much wider the gated feed-forward is inside.
    """
    block, inner = f"blocks.{{{blocks}}}", int(width * ratio)
    return {
        f"{block}.attn.qkv": (width, 3 * width),
        f"{block}.attn.proj": (width, width),
        f"{block}.cross_attn.q_linear": (width, width),
        f"{block}.cross_attn.kv_linear": (width, 2 * width),
        f"{block}.cross_attn.proj": (width, width),
        f"{block}.mlp.inverted_conv.conv": (width, 2 * inner),
        f"{block}.mlp.depth_conv.conv": (None, 2 * inner),
        f"{block}.mlp.point_conv.conv": (inner, width),
        f"{block}.mlp.t_conv": (width, width),
        "t_block.1": (width, 6 * width),
        "t_embedder.mlp.0": (_TIME, width),
        "t_embedder.mlp.2": (width, width),
        "cfg_embedder.mlp.0": (_TIME, width),
        "cfg_embedder.mlp.2": (width, width),
        "y_embedder.y_proj.fc1": (_TEXT, width),
        "y_embedder.y_proj.fc2": (width, width),
        "x_embedder.proj": (None, width),
        "final_layer.linear": (width, None),
    }


def diffusers_modules(width: int, blocks: int, ratio: float = 2.5) -> dict[str, Widths]:
    """Return all modules in the names of diffusers; see ``original_modules``."""
    block, inner = f"transformer_blocks.{{{blocks}}}", int(width * ratio)
    own = same(width, "to_q", "to_k", "to_v", "to_out.0")
    return (
        under(f"{block}.attn1", own)
        | under(f"{block}.attn2", own)
        | two_layers("time_embed.emb.timestep_embedder", _TIME, width, width)
        | two_layers("time_embed.timestep_embedder", _TIME, width, width)
        | two_layers("time_embed.guidance_embedder", _TIME, width, width)
        | two_layers("caption_projection", _TEXT, width, width)
        | {
            f"{block}.ff.conv_inverted": (width, 2 * inner),
            f"{block}.ff.conv_depth": (None, 2 * inner),
            f"{block}.ff.conv_point": (inner, width),
            f"{block}.ff.conv_temp": (width, width),
            "time_embed.linear": (width, 6 * width),
            "patch_embed.proj": (None, width),
            "patch_embedding": (None, width),
            "proj_out": (width, None),
        }
    )


def world_modules(width: int, blocks: int) -> dict[str, Widths]:
    """Return the modules that Sana-WM has besides; its feed-forward is wider inside."""
    block = f"blocks.{{{blocks}}}"
    names = ("output_gate", "q_proj_cam", "k_proj_cam", "v_proj_cam", "out_proj_cam")
    return original_modules(width, blocks, 3.0) | {
        **under(f"{block}.attn", same(width, *names)),
        f"{block}.attn.beta_proj": (width, 20),
        f"{block}.attn.gate_proj": (width, 20),
        f"{block}.plucker_proj": (width, width),
        **two_layers("t_embedder", _TIME, width, width),
        "plucker_embedder.proj": (None, width),
        "raymap_embedder.proj": (None, width),
    }

"""Module tables of HunyuanImage 2.1."""

from __future__ import annotations

from modelkeep.identification.families._double_stream import diffusers_blocks
from modelkeep.identification.families._flow_models import feed_forward
from modelkeep.identification.families._transformers import same, two_layers, under
from modelkeep.identification.module_tables import Widths

WIDTH, REFINER_WIDTH = 3584, 3328
_DOUBLE, _SINGLE, _TIME, _TEXT, _GLYPHS = 20, 40, 256, 3584, 1472


def original_modules(width: int) -> dict[str, Widths]:
    """Return all modules in Tencent's names, and in those that FLUX.1 has for the same.

    Args:
        width: Hidden width.
    """
    inner: dict[str, Widths] = {"fc1": (width, 4 * width), "fc2": (4 * width, width)}
    lone = f"single_blocks.{{{_SINGLE}}}"
    modules = under(lone, same(width, "linear1_q", "linear1_k", "linear1_v")) | {
        f"{lone}.linear1": (width, 7 * width),
        f"{lone}.linear1_mlp": (width, 4 * width),
        f"{lone}.linear2": (5 * width, width),
        f"{lone}.linear2.fc": (5 * width, width),
        f"{lone}.modulation.linear": (width, 3 * width),
        f"{lone}.modulation.lin": (width, 3 * width),
    }
    for stream in ("img", "txt"):
        block = f"double_blocks.{{{_DOUBLE}}}.{stream}"
        names = ("attn_q", "attn_k", "attn_v", "attn_proj")
        modules |= {f"{block}_{name}": (width, width) for name in names}
        modules |= {
            f"{block}_attn_qkv": (width, 3 * width),
            f"{block}_mlp.fc1": (width, 4 * width),
            f"{block}_mlp.fc2": (4 * width, width),
            f"{block}_mlp.0": (width, 4 * width),
            f"{block}_mlp.2": (4 * width, width),
            f"{block}_mod.linear": (width, 6 * width),
            f"{block}_mod.lin": (width, 6 * width),
        }
    refiner = "txt_in.individual_token_refiner.blocks.{2}"
    return (
        modules
        | under(f"{refiner}.mlp", inner)
        | {
            f"{refiner}.self_attn_qkv": (width, 3 * width),
            f"{refiner}.self_attn_proj": (width, width),
            f"{refiner}.adaLN_modulation.1": (width, 2 * width),
            "txt_in.input_embedder": (_TEXT, width),
            **two_layers("txt_in.c_embedder", _TEXT, width, width),
            "img_in.proj": (None, width),
            "byt5_in.fc1": (_GLYPHS, 2048),
            "byt5_in.fc2": (2048, 2048),
            "byt5_in.fc3": (2048, width),
            "final_layer.linear": (width, None),
            "final_layer.adaLN_modulation.1": (width, 2 * width),
        }
        | _times(
            width, "mlp.0", "mlp.2", "time_in", "time_r_in", "guidance_in", "txt_in.t_embedder"
        )
    )


def diffusers_modules(width: int) -> dict[str, Widths]:
    """Return all modules in the names of diffusers; see ``original_modules``."""
    refiner = "context_embedder.token_refiner.refiner_blocks.{2}"
    times = "time_guidance_embed"
    return (
        diffusers_blocks(width, _DOUBLE, _SINGLE, 4 * width)
        | under(f"{refiner}.attn", same(width, "to_q", "to_k", "to_v", "to_out.0"))
        | under(f"{refiner}.ff", feed_forward(width, 4 * width))
        | two_layers("context_embedder.time_text_embed.text_embedder", _TEXT, width, width)
        | two_layers("context_embedder_2", _GLYPHS, 2048, 2048)
        | _times(
            width,
            "linear_1",
            "linear_2",
            "context_embedder.time_text_embed.timestep_embedder",
            *(f"{times}.{name}" for name in ("timestep_embedder", "timestep_embedder_r")),
            f"{times}.guidance_embedder",
        )
        | {
            f"{refiner}.norm_out.linear": (width, 2 * width),
            "context_embedder_2.linear_3": (2048, width),
            "context_embedder.proj_in": (_TEXT, width),
            "x_embedder.proj": (None, width),
            "norm_out.linear": (width, 2 * width),
            "proj_out": (width, None),
        }
    )


def _times(width: int, first: str, second: str, *places: str) -> dict[str, Widths]:
    modules: dict[str, Widths] = {}
    for place in places:
        modules |= {f"{place}.{first}": (_TIME, width), f"{place}.{second}": (width, width)}
    return modules

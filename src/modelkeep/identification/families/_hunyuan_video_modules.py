"""The modules of HunyuanVideo, as adapters name them."""

from __future__ import annotations

from modelkeep.identification.families._double_stream import diffusers_blocks
from modelkeep.identification.families._transformers import (
    TIME,
    attention,
    feed_forward,
    two_layers,
)
from modelkeep.identification.module_tables import Widths

#: Widths of the glyph encoder's text and inside of what takes it.
_GLYPHS, _GLYPHS_IN = 1472, 2048


def tencent_names(hidden: int, double: int, single: int, text: int) -> dict[str, Widths]:
    """Return the modules in Tencent's names.

    Args:
        hidden: Hidden width.
        double: How many double blocks there are.
        single: How many single blocks.
        text: Width of the text context.
    """
    modules: dict[str, Widths] = {}
    for stream in ("img", "txt"):
        block = f"double_blocks.{{{double}}}.{stream}"
        modules |= {
            f"{block}_attn_qkv": (hidden, 3 * hidden),
            f"{block}_attn_proj": (hidden, hidden),
            f"{block}_mlp.fc1": (hidden, 4 * hidden),
            f"{block}_mlp.fc2": (4 * hidden, hidden),
            f"{block}_mod.linear": (hidden, 6 * hidden),
        }
        modules |= {f"{block}_attn_{part}": (hidden, hidden) for part in "qkv"}
    modules |= _single_blocks(hidden, single, "modulation.linear")
    refiner = "txt_in.individual_token_refiner.blocks.{2}"
    modules |= {
        f"{refiner}.self_attn_qkv": (hidden, 3 * hidden),
        f"{refiner}.self_attn_proj": (hidden, hidden),
        f"{refiner}.mlp.fc1": (hidden, 4 * hidden),
        f"{refiner}.mlp.fc2": (4 * hidden, hidden),
        f"{refiner}.adaLN_modulation.1": (hidden, 2 * hidden),
    }
    for name in ("time_in", "guidance_in", "txt_in.t_embedder"):
        modules |= {f"{name}.mlp.0": (TIME, hidden), f"{name}.mlp.2": (hidden, hidden)}
    modules |= two_layers("txt_in.c_embedder", text, hidden, hidden)
    return modules | _ends(hidden, text)


def converted_names(hidden: int, double: int, single: int, text: int) -> dict[str, Widths]:
    """Return the modules in the names of FLUX.1, to which ComfyUI changes them."""
    modules: dict[str, Widths] = {}
    for stream in ("img", "txt"):
        block = f"double_blocks.{{{double}}}.{stream}"
        modules |= {
            f"{block}_attn.qkv": (hidden, 3 * hidden),
            f"{block}_attn.proj": (hidden, hidden),
            f"{block}_mlp.0": (hidden, 4 * hidden),
            f"{block}_mlp.2": (4 * hidden, hidden),
            f"{block}_mod.lin": (hidden, 6 * hidden),
        }
    modules |= _single_blocks(hidden, single, "modulation.lin")
    refiner = "txt_in.individual_token_refiner.blocks.{2}"
    modules |= {
        f"{refiner}.self_attn.qkv": (hidden, 3 * hidden),
        f"{refiner}.self_attn.proj": (hidden, hidden),
        f"{refiner}.mlp.0": (hidden, 4 * hidden),
        f"{refiner}.mlp.2": (4 * hidden, hidden),
        f"{refiner}.adaLN_modulation.1": (hidden, 2 * hidden),
    }
    embedders = {"time_in": TIME, "guidance_in": TIME, "txt_in.t_embedder": TIME}
    for name, taken in (embedders | {"txt_in.c_embedder": text}).items():
        modules |= {f"{name}.in_layer": (taken, hidden), f"{name}.out_layer": (hidden, hidden)}
    return modules | _ends(hidden, text)


def _single_blocks(hidden: int, single: int, modulation: str) -> dict[str, Widths]:
    block = f"single_blocks.{{{single}}}"
    if not single:
        return {}
    return {
        f"{block}.linear1": (hidden, 7 * hidden),
        f"{block}.linear2": (5 * hidden, hidden),
        f"{block}.{modulation}": (hidden, 3 * hidden),
    }


def _ends(hidden: int, text: int) -> dict[str, Widths]:
    return {
        "img_in.proj": (None, hidden),
        "txt_in.input_embedder": (text, hidden),
        "vector_in.in_layer": (768, hidden),
        "vector_in.out_layer": (hidden, hidden),
        "final_layer.linear": (hidden, None),
        "final_layer.adaLN_modulation.1": (hidden, 2 * hidden),
        "byt5_in.fc1": (_GLYPHS, _GLYPHS_IN),
        "byt5_in.fc2": (_GLYPHS_IN, _GLYPHS_IN),
        "byt5_in.fc3": (_GLYPHS_IN, hidden),
        "vision_in.proj.1": (None, None),
        "vision_in.proj.3": (None, hidden),
    }


def diffusers_names(hidden: int, double: int, single: int, text: int) -> dict[str, Widths]:
    """Return the modules in the names of diffusers."""
    blocks = diffusers_blocks(hidden, double, single or 1, 4 * hidden)
    modules = {n: w for n, w in blocks.items() if single or not n.startswith("single_")}
    refiner = "context_embedder.token_refiner.refiner_blocks.{2}"
    modules |= attention(f"{refiner}.attn", hidden)
    modules |= feed_forward(f"{refiner}.ff", hidden, 4 * hidden)
    for owner in ("context_embedder.time_text_embed", "time_text_embed", "time_embed"):
        for name in ("timestep_embedder", "guidance_embedder"):
            modules |= two_layers(f"{owner}.{name}", TIME, hidden, hidden)
    return modules | {
        f"{refiner}.norm_out.linear": (hidden, 2 * hidden),
        **two_layers("context_embedder.time_text_embed.text_embedder", text, hidden, hidden),
        **two_layers("time_text_embed.text_embedder", 768, hidden, hidden),
        "context_embedder.proj_in": (text, hidden),
        **two_layers("context_embedder_2", _GLYPHS, _GLYPHS_IN, _GLYPHS_IN),
        "context_embedder_2.linear_3": (_GLYPHS_IN, hidden),
        **two_layers("image_embedder", None, 1152, hidden),
        "image_projection.up": (None, 3 * hidden),
        "image_projection.down": (3 * hidden, hidden),
        "clean_x_embedder.proj": (None, hidden),
        "clean_x_embedder.proj_2x": (None, hidden),
        "clean_x_embedder.proj_4x": (None, hidden),
        "x_embedder.proj": (None, hidden),
        "norm_out.linear": (hidden, 2 * hidden),
        "proj_out": (hidden, None),
    }

"""Module tables of FLUX.1 and of what is built like it: double blocks, then single blocks."""

from __future__ import annotations

from modelkeep.identification.module_tables import Widths

#: Widths of the sine embedding of times, and of what FLUX takes and gives for one picture patch.
_TIME = 256


def original_blocks(hidden: int, double: int, single: int, mlp: int) -> dict[str, Widths]:
    """Return the modules of the blocks in the names of Black Forest Labs.

    Args:
        hidden: Hidden width.
        double: How many double blocks there are.
        single: How many single blocks.
        mlp: Width inside of the feed-forward.
    """
    modules: dict[str, Widths] = {}
    for stream in ("img", "txt"):
        block = f"double_blocks.{{{double}}}.{stream}"
        modules |= {
            f"{block}_attn.qkv": (hidden, 3 * hidden),
            f"{block}_attn.proj": (hidden, hidden),
            f"{block}_mlp.0": (hidden, mlp),
            f"{block}_mlp.2": (mlp, hidden),
            f"{block}_mod.lin": (hidden, 6 * hidden),
        }
    return modules | {
        f"single_blocks.{{{single}}}.linear1": (hidden, 3 * hidden + mlp),
        f"single_blocks.{{{single}}}.linear2": (hidden + mlp, hidden),
        f"single_blocks.{{{single}}}.modulation.lin": (hidden, 3 * hidden),
    }


def xlabs_blocks(hidden: int, double: int, single: int) -> dict[str, Widths]:
    """Return the modules of attention processors, as XLabs names them."""
    return {
        f"double_blocks.{{{double}}}.qkv1": (hidden, 3 * hidden),
        f"double_blocks.{{{double}}}.qkv2": (hidden, 3 * hidden),
        f"double_blocks.{{{double}}}.proj1": (hidden, hidden),
        f"double_blocks.{{{double}}}.proj2": (hidden, hidden),
        f"single_blocks.{{{single}}}.qkv": (hidden, 3 * hidden),
        f"single_blocks.{{{single}}}.proj": (hidden, hidden),
    }


def diffusers_blocks(hidden: int, double: int, single: int, mlp: int) -> dict[str, Widths]:
    """Return the modules of the blocks in the names of diffusers; see ``original_blocks``."""
    block, lone = f"transformer_blocks.{{{double}}}", f"single_transformer_blocks.{{{single}}}"
    own = ("to_q", "to_k", "to_v", "to_out.0")
    added = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
    modules: dict[str, Widths] = {f"{block}.attn.{name}": (hidden, hidden) for name in own + added}
    modules |= {f"{lone}.attn.{name}": (hidden, hidden) for name in own[:3]}
    modules |= {f"{part}.attn.to_qkv": (hidden, 3 * hidden) for part in (block, lone)}
    for stream in ("ff", "ff_context"):
        modules |= {
            f"{block}.{stream}.net.0.proj": (hidden, mlp),
            f"{block}.{stream}.net.2": (mlp, hidden),
        }
    return modules | {
        f"{block}.attn.to_added_qkv": (hidden, 3 * hidden),
        f"{block}.norm1.linear": (hidden, 6 * hidden),
        f"{block}.norm1_context.linear": (hidden, 6 * hidden),
        f"{lone}.norm.linear": (hidden, 3 * hidden),
        f"{lone}.proj_mlp": (hidden, mlp),
        f"{lone}.proj_out": (hidden + mlp, hidden),
    }


def original_ends(hidden: int, text: int, pooled: int | None = None) -> dict[str, Widths]:
    """Return what stands before and behind the blocks in the names of Black Forest Labs.

    Args:
        hidden: Hidden width.
        text: Width of the text context.
        pooled: Width of the pooled text; None where the model takes none.
    """
    embedders = ["time_in", "guidance_in", *(["vector_in"] if pooled else [])]
    modules: dict[str, Widths] = {}
    for name in embedders:
        taken = pooled if name == "vector_in" else _TIME
        modules |= {f"{name}.in_layer": (taken, hidden), f"{name}.out_layer": (hidden, hidden)}
    return modules | {
        "img_in": (None, hidden),
        "txt_in": (text, hidden),
        "final_layer.linear": (hidden, None),
        "final_layer.adaLN_modulation.1": (hidden, 2 * hidden),
    }


def diffusers_ends(hidden: int, text: int, pooled: int | None = None) -> dict[str, Widths]:
    """Return what stands before and behind the blocks in the names of diffusers."""
    embedders = {"timestep_embedder": _TIME, "guidance_embedder": _TIME}
    modules: dict[str, Widths] = {}
    for name, taken in {**embedders, **({"text_embedder": pooled} if pooled else {})}.items():
        modules |= {
            f"time_text_embed.{name}.linear_1": (taken, hidden),
            f"time_text_embed.{name}.linear_2": (hidden, hidden),
        }
    return modules | {
        "x_embedder": (None, hidden),
        "context_embedder": (text, hidden),
        "norm_out.linear": (hidden, 2 * hidden),
        "proj_out": (hidden, None),
    }


def gated_original_modules(hidden: int, double: int, single: int, text: int) -> dict[str, Widths]:
    """Return all modules of FLUX.2 in the names of Black Forest Labs.

    All blocks share one modulation, and half of the feed-forward gates the other.

    Args:
        hidden: Hidden width.
        double: How many double blocks there are.
        single: How many single blocks.
        text: Width of the text context.
    """
    block, lone = f"double_blocks.{{{double}}}", f"single_blocks.{{{single}}}"
    modules: dict[str, Widths] = {}
    for stream in ("img", "txt"):
        modules |= {
            f"{block}.{stream}_attn.qkv": (hidden, 3 * hidden),
            f"{block}.{stream}_attn.proj": (hidden, hidden),
            f"{block}.{stream}_mlp.0": (hidden, 6 * hidden),
            f"{block}.{stream}_mlp.2": (3 * hidden, hidden),
            f"double_stream_modulation_{stream}.lin": (hidden, 6 * hidden),
        }
    return (
        modules
        | original_ends(hidden, text)
        | {
            f"{lone}.linear1": (hidden, 9 * hidden),
            f"{lone}.linear2": (4 * hidden, hidden),
            "single_stream_modulation.lin": (hidden, 3 * hidden),
        }
    )


def gated_diffusers_modules(hidden: int, double: int, single: int, text: int) -> dict[str, Widths]:
    """Return all modules of FLUX.2 in the names of diffusers; see ``gated_original_modules``."""
    block, lone = f"transformer_blocks.{{{double}}}", f"single_transformer_blocks.{{{single}}}"
    names = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj")
    modules: dict[str, Widths] = {
        f"{block}.attn.{name}": (hidden, hidden) for name in (*names, "to_add_out")
    }
    modules |= {f"{block}.attn.{name}": (hidden, 3 * hidden) for name in ("to_qkv", "to_added_qkv")}
    for stream in ("ff", "ff_context"):
        modules |= {
            f"{block}.{stream}.linear_in": (hidden, 6 * hidden),
            f"{block}.{stream}.linear_out": (3 * hidden, hidden),
        }
    for name in ("timestep_embedder", "guidance_embedder"):
        modules |= {
            f"time_guidance_embed.{name}.linear_1": (_TIME, hidden),
            f"time_guidance_embed.{name}.linear_2": (hidden, hidden),
        }
    # Some exports lost the first letters of a list's name.
    modules |= {name.removeprefix("tran"): widths for name, widths in modules.items()}
    return modules | {
        f"{lone}.attn.to_qkv_mlp_proj": (hidden, 9 * hidden),
        f"{lone}.attn.to_out": (4 * hidden, hidden),
        "double_stream_modulation_img.linear": (hidden, 6 * hidden),
        "double_stream_modulation_txt.linear": (hidden, 6 * hidden),
        "single_stream_modulation.linear": (hidden, 3 * hidden),
        "x_embedder": (None, hidden),
        "context_embedder": (text, hidden),
        "norm_out.linear": (hidden, 2 * hidden),
        "proj_out": (hidden, None),
    }

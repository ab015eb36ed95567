"""Module tables of Cosmos, and of Anima, which is built like its second release."""

from __future__ import annotations

from modelkeep.identification.families._transformers import under
from modelkeep.identification.module_tables import Widths

#: Width of the text context, and inside of each modulation.
_TEXT, _MODULATION = 1024, 256


def _attention(
    hidden: int, text: int, names: tuple[str, ...], fused: str = ""
) -> dict[str, Widths]:
    query, key, value, output = names
    modules: dict[str, Widths] = {
        query: (hidden, hidden),
        key: (text, hidden),
        value: (text, hidden),
        output: (hidden, hidden),
    }
    return modules | ({fused: (hidden, 3 * hidden)} if fused else {})


def _modulation(hidden: int, first: str, second: str, parts: int = 3) -> dict[str, Widths]:
    return {first: (hidden, _MODULATION), second: (_MODULATION, parts * hidden)}


def predict2(hidden: int, blocks: int) -> dict[str, Widths]:
    """Return the modules of Cosmos Predict2 and 2.5 in NVIDIA's names.

    Args:
        hidden: Hidden width.
        blocks: How many blocks there are.
    """
    names = ("q_proj", "k_proj", "v_proj", "output_proj")
    block = {
        **under("self_attn", _attention(hidden, hidden, names, "qkv_proj")),
        **under("cross_attn", _attention(hidden, _TEXT, names)),
        "cross_attn.kv_proj": (_TEXT, 2 * hidden),
        "mlp.layer1": (hidden, 4 * hidden),
        "mlp.layer2": (4 * hidden, hidden),
    }
    for part in ("self_attn", "cross_attn", "mlp"):
        place = f"adaln_modulation_{part}"
        block |= _modulation(hidden, f"{place}.1", f"{place}.2")
    return {
        **under(f"blocks.{{{blocks}}}", block),
        "x_embedder.proj.1": (None, hidden),
        "t_embedder.1.linear_1": (hidden, hidden),
        "t_embedder.1.linear_2": (hidden, 3 * hidden),
        **_modulation(
            hidden, "final_layer.adaln_modulation.1", "final_layer.adaln_modulation.2", 2
        ),
        "final_layer.linear": (hidden, 64),
    }


def predict1(hidden: int, blocks: int) -> dict[str, Widths]:
    """Return the modules of the first release in NVIDIA's names; see ``predict2``."""
    names = ("to_q.0", "to_k.0", "to_v.0", "to_out.0")
    modules: dict[str, Widths] = {}
    for number in range(blocks):
        place = f"blocks.block{number}.blocks"
        modules |= under(f"{place}.0.block.attn", _attention(hidden, hidden, names))
        modules |= under(f"{place}.1.block.attn", _attention(hidden, _TEXT, names))
        modules[f"{place}.2.block.layer1"] = (hidden, 4 * hidden)
        modules[f"{place}.2.block.layer2"] = (4 * hidden, hidden)
        for part in range(3):
            start = f"{place}.{part}.adaLN_modulation"
            modules |= _modulation(hidden, f"{start}.1", f"{start}.2")
    return modules | {
        "x_embedder.proj.1": (None, hidden),
        "t_embedder.1.linear_1": (hidden, hidden),
        "t_embedder.1.linear_2": (hidden, 3 * hidden),
        **_modulation(
            hidden, "final_layer.adaLN_modulation.1", "final_layer.adaLN_modulation.2", 2
        ),
        "final_layer.linear": (hidden, 64),
    }


def diffusers(hidden: int, blocks: int) -> dict[str, Widths]:
    """Return the modules of both releases in the names of diffusers; see ``predict2``."""
    names = ("to_q", "to_k", "to_v", "to_out.0")
    block = {
        **under("attn1", _attention(hidden, hidden, names, "to_qkv")),
        **under("attn2", _attention(hidden, _TEXT, names)),
        "ff.net.0.proj": (hidden, 4 * hidden),
        "ff.net.2": (4 * hidden, hidden),
    }
    for norm in ("norm1", "norm2", "norm3"):
        block |= _modulation(hidden, f"{norm}.linear_1", f"{norm}.linear_2")
    return {
        **under(f"transformer_blocks.{{{blocks}}}", block),
        "patch_embed.proj": (None, hidden),
        "time_embed.t_embedder.linear_1": (hidden, hidden),
        "time_embed.t_embedder.linear_2": (hidden, 3 * hidden),
        **_modulation(hidden, "norm_out.linear_1", "norm_out.linear_2", 2),
        "proj_out": (hidden, 64),
    }

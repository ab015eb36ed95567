"""Module tables of Lumina 2 and of what is built like it: layers for all, refiners for each."""

from __future__ import annotations

from modelkeep.identification.families._transformers import under
from modelkeep.identification.module_tables import Widths

#: Width of the sine embedding of times.
_TIME = 256


def original_modules(
    width: int, inner: int, layers: int, *, text: int, narrow: int, time: int
) -> dict[str, Widths]:
    """Return all modules in the names of the first implementation.

    Args:
        width: Hidden width.
        inner: Width inside of the feed-forward.
        layers: How many layers there are besides the refiners.
        text: Width of the text context.
        narrow: Width of keys and of values.
        time: Width of what modulates the layers.
    """
    block: dict[str, Widths] = {
        "attention.qkv": (width, width + 2 * narrow),
        "attention.out": (width, width),
        **_feed_forward(width, inner, ("w1", "w2", "w3")),
    }
    return (
        under("context_refiner.{2}", block)
        | under("noise_refiner.{2}", block)
        | under(f"layers.{{{layers}}}", block)
        | {
            "x_embedder": (None, width),
            "cap_embedder.1": (text, width),
            "t_embedder.mlp.0": (_TIME, None),
            "t_embedder.mlp.2": (None, time),
            "final_layer.linear": (width, None),
            "final_layer.adaLN_modulation.1": (time, width),
        }
    )


def modulation(width: int, time: int, layers: int, name: str) -> dict[str, Widths]:
    """Return what computes the modulation of every layer, where there is one."""
    given: dict[str, Widths] = {name: (time, 4 * width)}
    return under("noise_refiner.{2}", given) | under(f"layers.{{{layers}}}", given)


def split_attention(
    width: int, narrow: int, layers: int, name: str, *refiners: str
) -> dict[str, Widths]:
    """Return attention of which queries, keys and values are modules of their own.

    Args:
        width: Hidden width.
        narrow: Width of keys and of values.
        layers: How many layers there are.
        name: What the attention is called.
        refiners: Lists of two further layers.
    """
    block: dict[str, Widths] = {
        f"{name}.to_q": (width, width),
        f"{name}.to_k": (width, narrow),
        f"{name}.to_v": (width, narrow),
        f"{name}.to_qkv": (width, width + 2 * narrow),
        f"{name}.to_out.0": (width, width),
    }
    modules = under(f"layers.{{{layers}}}", block)
    for refiner in refiners:
        modules |= under(f"{refiner}.{{2}}", block)
    return modules


def split_feed_forward(width: int, inner: int, layers: int, *refiners: str) -> dict[str, Widths]:
    """Return the feed-forward in the names of diffusers; see ``split_attention``."""
    block = _feed_forward(width, inner, ("linear_1", "linear_2", "linear_3"))
    modules = under(f"layers.{{{layers}}}", block)
    for refiner in refiners:
        modules |= under(f"{refiner}.{{2}}", block)
    return modules


def _feed_forward(width: int, inner: int, names: tuple[str, str, str]) -> dict[str, Widths]:
    first, back, gate = names
    return {
        f"feed_forward.{first}": (width, inner),
        f"feed_forward.{back}": (inner, width),
        f"feed_forward.{gate}": (width, inner),
    }

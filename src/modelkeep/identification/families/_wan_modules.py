"""The modules of Wan's sizes, as adapters name them."""

from __future__ import annotations

from typing import NamedTuple

from modelkeep.identification.families._transformers import (
    ANY,
    TIME,
    attention,
    feed_forward,
    two_layers,
)
from modelkeep.identification.module_tables import ModuleTable, Widths

_TEXT = 4096
#: Width of the picture embedding of CLIP.
_PICTURE = 1280


class WanSize(NamedTuple):
    """One size of Wan.

    Attributes:
        word: What people call it.
        width: Hidden width.
        inner: Width inside of the feed-forward.
        blocks: How many blocks it has.
        extra: How many blocks VACE adds; 0 where there is no VACE of this size.
    """

    word: str
    width: int
    inner: int
    blocks: int
    extra: int


SIZES = (
    WanSize("14b", 5120, 13824, 40, 8),
    WanSize("5b", 3072, 14336, 30, 0),
    WanSize("1.3b", 1536, 8960, 30, 15),
)


def _original_block(block: str, size: WanSize) -> dict[str, Widths]:
    width = size.width
    square = ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o")
    crossed = ("q", "k", "v", "o", "k_img", "v_img")
    modules: dict[str, Widths] = {f"{block}.{name}": (width, width) for name in square}
    modules |= {f"{block}.cross_attn.{name}": (width, width) for name in crossed}
    norms = [f"{kind}_attn.norm_{part}" for kind in ("self", "cross") for part in "qk"]
    norms += ["norm3", "cross_attn.norm_k_img"]
    # Distilled models keep what they change of the norms too.
    modules |= {f"{block}.{name}": (None, width) for name in norms}
    return modules | {
        f"{block}.modulation": ANY,
        f"{block}.ffn.0": (width, size.inner),
        f"{block}.ffn.2": (size.inner, width),
    }


def _original(size: WanSize) -> dict[str, Widths]:
    width = size.width
    modules = _original_block(f"blocks.{{{size.blocks}}}", size)
    if size.extra:
        block = f"vace_blocks.{{{size.extra}}}"
        modules |= _original_block(block, size)
        modules |= {f"{block}.after_proj": (width, width), f"{block}.before_proj": (width, width)}
        modules["vace_patch_embedding"] = (None, width)
    return modules | {
        "patch_embedding": (None, width),
        "text_embedding.0": (_TEXT, width),
        "text_embedding.2": (width, width),
        "time_embedding.0": (TIME, width),
        "time_embedding.2": (width, width),
        "time_projection.1": (width, 6 * width),
        "img_emb.proj.0": (None, _PICTURE),
        "img_emb.proj.1": (_PICTURE, _PICTURE),
        "img_emb.proj.3": (_PICTURE, width),
        "img_emb.proj.4": (None, width),
        "head.head": (width, None),
        "head.modulation": ANY,
    }


def _diffusers_block(block: str, size: WanSize) -> dict[str, Widths]:
    width = size.width
    added: dict[str, Widths] = {
        f"{block}.attn2.add_k_proj": (width, width),
        f"{block}.attn2.add_v_proj": (width, width),
        f"{block}.attn2.to_added_kv": (width, 2 * width),
    }
    own = attention(f"{block}.attn1", width) | attention(f"{block}.attn2", width)
    return own | added | feed_forward(f"{block}.ffn", width, size.inner)


def _diffusers(size: WanSize) -> dict[str, Widths]:
    width = size.width
    modules = _diffusers_block(f"blocks.{{{size.blocks}}}", size)
    if size.extra:
        block = f"vace_blocks.{{{size.extra}}}"
        modules |= _diffusers_block(block, size)
        modules |= {f"{block}.proj_in": (width, width), f"{block}.proj_out": (width, width)}
        modules["vace_patch_embedding"] = (None, width)
    embedder = "condition_embedder"
    for name, taken in (("time", TIME), ("delta", TIME), ("text", _TEXT)):
        modules |= two_layers(f"{embedder}.{name}_embedder", taken, width, width)
    modules |= {
        f"{embedder}.image_embedder.ff.net.0.proj": (_PICTURE, _PICTURE),
        f"{embedder}.image_embedder.ff.net.2": (_PICTURE, width),
        f"{embedder}.time_proj": (width, 6 * width),
        "patch_embedding": (None, width),
        "proj_out": (width, None),
    }
    for name in ("patch_short", "patch_mid", "patch_long", "far_patch_embedding"):
        modules[name] = (None, width)
    return modules


def _animate(width: int, added: int = 8) -> dict[str, Widths]:
    """Return what Animate adds to the largest size: a look at a face after every fifth block."""
    original, own = f"face_adapter.fuser_blocks.{{{added}}}", f"face_adapter.{{{added}}}"
    modules: dict[str, Widths] = {
        f"{original}.linear1_kv": (width, 2 * width),
        f"{original}.linear1_q": (width, width),
        f"{original}.linear2": (width, width),
        "pose_patch_embedding": (None, width),
    }
    return modules | {
        f"{own}.{name}": (width, width) for name in ("to_q", "to_k", "to_v", "to_out")
    }


def _tables() -> tuple[ModuleTable, ...]:
    tables = []
    for size in SIZES:
        more: dict[str, Widths] = {}
        if size is SIZES[0]:
            more = _animate(size.width) | _original_block(f"blocks.{{{size.blocks}}}.block", size)
        tables += [
            ModuleTable(_original(size) | more, fits=(size.word,)),
            ModuleTable(_diffusers(size) | more, fits=(size.word,)),
        ]
    return tuple(tables)


TABLES = _tables()

"""Names and shapes of LoRA and LyCORIS files of any transformer, as the trainers write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sample_models import Shapes

#: Features that a module takes and gives.
Pair = tuple[int | None, int | None]

SPELLINGS = ("kohya", "diffusers", "peft", "ai-toolkit", "onetrainer")
KINDS = ("lora", "loha", "lokr", "dora", "oft")

_COUNT = re.compile(r"\{(\d+)\}")
#: Stands where a table leaves a width open.
_ANY_WIDTH = 64
_FACTOR = 16


def expand(modules: Mapping[str, Pair]) -> dict[str, Pair]:
    """Write out ``{n}`` in names: one module for each block."""
    found: dict[str, Pair] = {}
    for name, widths in modules.items():
        for path in _expanded(name):
            found.setdefault(path, widths)
    return found


def _expanded(name: str) -> Iterator[str]:
    count = _COUNT.search(name)
    if count is None:
        yield name
        return
    for number in range(int(count[1])):
        yield from _expanded(f"{name[: count.start()]}{number}{name[count.end() :]}")


def adapter(
    modules: Mapping[str, Pair], spelling: str = "kohya", kind: str = "lora", rank: int = 4
) -> Shapes:
    """Return the tensors of an adapter that changes these modules."""
    shapes: Shapes = {}
    for path, (taken, given) in modules.items():
        name = _named(path, spelling)
        width_in, width_out = taken or _ANY_WIDTH, given or _ANY_WIDTH
        for suffix, shape in _tensors(width_in, width_out, spelling, kind, rank).items():
            shapes[f"{name}.{suffix}"] = shape
    return shapes


def _named(path: str, spelling: str) -> str:
    flat = path.replace(".", "_")
    return {
        "kohya": f"lora_unet_{flat}",
        "diffusers": f"transformer.{path}",
        "peft": f"base_model.model.{path}",
        "ai-toolkit": f"diffusion_model.{path}",
        "onetrainer": f"lora_transformer_{flat}",
    }[spelling]


def _tensors(width_in: int, width_out: int, spelling: str, kind: str, rank: int) -> Shapes:
    flat = spelling in {"kohya", "onetrainer"}
    down, up = ("lora_down", "lora_up") if flat else ("lora_A", "lora_B")
    lora: Shapes = {f"{down}.weight": (rank, width_in), f"{up}.weight": (width_out, rank)}
    alpha: Shapes = {"alpha": ()}
    if kind == "dora":
        return lora | alpha | {"dora_scale": (width_out, 1)}
    if kind == "loha":
        halves: Shapes = {}
        for half in ("w1", "w2"):
            halves |= {f"hada_{half}_a": (width_out, rank), f"hada_{half}_b": (rank, width_in)}
        return halves | alpha
    if kind == "lokr":
        factor = 1 if width_in % _FACTOR or width_out % _FACTOR else _FACTOR
        first, second = (factor, factor), (width_out // factor, width_in // factor)
        return {"lokr_w1": first, "lokr_w2": second} | alpha
    if kind == "oft":
        blocks = 4 if width_out % 4 == 0 else 1
        return {"oft_blocks": (blocks, width_out // blocks, width_out // blocks)} | alpha
    return lora | alpha if flat else lora

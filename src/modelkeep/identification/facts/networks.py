"""How an adapter keeps its changes, and of what rank they are, by its tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelkeep.identification.adapters import AdapterModule, AdapterView

#: Dimensions of a kernel's weight, and of the blocks of BOFT.
_KERNEL = 4
#: Roles of tensors, and the algorithm that they are of; the first that a module has counts.
_ALGORITHMS = (
    ("h1a", "LoHa"),
    ("k1", "LoKr"),
    ("k1a", "LoKr"),
    ("glora", "GLoRA"),
    ("oft_in", "OFT"),
    ("oft", "OFT"),
    ("ia3", "(IA)3"),
    ("mid", "LoCon"),
    ("down", "LoRA"),
    ("up", "LoRA"),
    ("diff", "full difference"),
)
#: Tensors of which one side is the rank.
_RANKS = (("down", 0), ("h1b", 0), ("k1a", 1), ("k2a", 1), ("up", 1))
_DIRECTIONS = "DoRA"


def algorithm_of(adapter: AdapterView) -> str | None:
    """Return how most modules of an adapter keep their changes; None where it has none."""
    counts = Counter(name for module in adapter.modules if (name := _algorithm(module)))
    if counts["LoCon"] and counts["LoRA"]:  # the convolutions of one are the rest of the other
        counts["LoCon"] += counts.pop("LoRA")
    return counts.most_common(1)[0][0] if counts else None


def ranks_of(adapter: AdapterView) -> tuple[int, int] | None:
    """Return the lowest and the highest rank of the modules; None where shapes tell none."""
    found = {rank for module in adapter.modules for rank in _ranks(module)}
    return (min(found), max(found)) if found else None


def _algorithm(module: AdapterModule) -> str | None:
    shapes = module.shapes
    if "dora" in shapes:
        return _DIRECTIONS
    for role, name in _ALGORITHMS:
        shape = shapes.get(role, shapes.get(f"{role}0") if role == "oft" else None)
        if shape is None:
            continue
        if role == "oft" and len(shape) == _KERNEL:
            return "BOFT"
        is_kernel = role == "down" and len(shape) == _KERNEL and max(shape[2:]) > 1
        return "LoCon" if is_kernel else name
    return None


def _ranks(module: AdapterModule) -> Iterator[int]:
    for role, side in _RANKS:
        shape = module.shapes.get(role)
        if shape is not None and len(shape) > side and shape[side] > 0:
            yield shape[side]
            return

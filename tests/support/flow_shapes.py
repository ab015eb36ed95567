"""Names and shapes of flow models and of LoRAs for them, from a few numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from sample_models import Shapes

#: Features that a module takes and gives.
Modules = Mapping[str, tuple[int, int]]

_COUNT = re.compile(r"\{(\d+)\}")


def spread(modules: Modules) -> dict[str, tuple[int, int]]:
    """Write out ``{n}`` in names, which stands for every number below ``n``."""
    return {name: widths for path, widths in modules.items() for name in _spread(path)}


def _spread(path: str) -> Iterator[str]:
    count = _COUNT.search(path)
    if count is None:
        yield path
        return
    for number in range(int(count[1])):
        yield from _spread(path.replace(count[0], str(number), 1))


def model(modules: Modules, norms: Mapping[str, int], *, biases: bool = True) -> Shapes:
    """Return a model of linear layers, and of norms and other vectors of a length each."""
    shapes: Shapes = {}
    for name, (taken, given) in spread(modules).items():
        shapes[f"{name}.weight"] = (given, taken)
        if biases:
            shapes[f"{name}.bias"] = (given,)
    return shapes | {name: (length,) for name, length in norms.items()}


def packed(shapes: Shapes) -> Shapes:
    """Return a model as bitsandbytes packs it: two weights a byte, in one column."""
    return {
        name: (shape[0] * shape[1] // 2, 1) if len(shape) == len(("given", "taken")) else shape
        for name, shape in shapes.items()
    }


def prefixed(shapes: Shapes, prefix: str) -> Shapes:
    """Return the same tensors under a prefix."""
    return {prefix + name: shape for name, shape in shapes.items()}


def kohya(modules: Modules, prefix: str = "lora_unet_", rank: int = 4) -> Shapes:
    """Return a LoRA as kohya's scripts name it."""
    shapes: Shapes = {}
    for name, (taken, given) in spread(modules).items():
        flat = prefix + name.replace(".", "_")
        shapes |= {
            f"{flat}.lora_down.weight": (rank, taken),
            f"{flat}.lora_up.weight": (given, rank),
            f"{flat}.alpha": (),
        }
    return shapes


def peft(modules: Modules, prefix: str = "transformer.", rank: int = 4) -> Shapes:
    """Return a LoRA as PEFT and the trainers built on it name it."""
    shapes: Shapes = {}
    for name, (taken, given) in spread(modules).items():
        shapes |= {
            f"{prefix}{name}.lora_A.weight": (rank, taken),
            f"{prefix}{name}.lora_B.weight": (given, rank),
        }
    return shapes


def some(modules: Modules, words: Iterable[str]) -> Modules:
    """Return the modules whose name has one of these words."""
    wanted = tuple(words)
    return {name: each for name, each in modules.items() if any(word in name for word in wanted)}

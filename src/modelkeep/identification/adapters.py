"""LoRA and LyCORIS names of every trainer, brought to one spelling.

Trainers write the same module in many ways (``lora_unet_a_b.lora_down.weight``,
``unet.a.b.lora_A.weight`` ...). Here each name is split into where it belongs (denoiser or a text
encoder), the module's path with ``_`` between its parts, and the role of the tensor.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Self

from modelkeep.identification.globs import glob_filter, glob_matches
from modelkeep.identification.header import TensorInfo
from modelkeep.identification.prefixes import Where

Shape = tuple[int, ...]

#: Before a module's path: where it belongs. Longer ones stand before those that they begin with.
PREFIXES: tuple[tuple[str, Where], ...] = (
    ("lora_unet__", "denoiser"),  # as VideoX-Fun writes it
    ("lora_unet_", "denoiser"),
    ("lora_transformer_", "denoiser"),
    ("lora_prior_unet_", "denoiser"),
    ("lora_te1_", "text_1"),
    ("lora_te2_", "text_2"),
    ("lora_te3_", "text_3"),
    ("lora_te_", "text"),
    ("lycoris_", "denoiser"),
    ("oft_unet_", "denoiser"),
    ("oft_te_", "text"),
    ("model.diffusion_model.", "denoiser"),
    ("diffusion_model.", "denoiser"),
    ("transformer.", "denoiser"),
    ("transformer_2.", "denoiser"),  # the second of two halves
    ("pipe.dit.", "denoiser"),
    ("unet.", "denoiser"),
    ("text_encoders.clip_l.transformer.", "text_1"),
    ("text_encoders.clip_g.transformer.", "text_2"),
    ("text_encoders.t5xxl.transformer.", "text_3"),
    ("text_encoder.", "text"),
    ("text_encoder_2.", "text_2"),
    ("text_encoder_3.", "text_3"),
)
_WRAPPERS = ("base_model.model.", "base_model.model.", "base_model.")

#: After a module's path: what the tensor is.
SUFFIXES: dict[str, str] = {
    "lora_down.weight": "down",
    "lora_up.weight": "up",
    "lora_mid.weight": "mid",
    "lora_A.weight": "down",
    "lora_B.weight": "up",
    "lora_A": "down",
    "lora_B": "up",
    "lora_B.bias": "up_bias",
    "lora.down.weight": "down",
    "lora.up.weight": "up",
    "lora_linear_layer.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
    "lora_magnitude_vector": "dora",
    "lora_magnitude_vector.weight": "dora",
    "dora_scale": "dora",
    "alpha": "alpha",
    "hada_w1_a": "h1a",
    "hada_w1_b": "h1b",
    "hada_w2_a": "h2a",
    "hada_w2_b": "h2b",
    "hada_t1": "ht",
    "hada_t2": "ht2",
    "lokr_w1": "k1",
    "lokr_w1_a": "k1a",
    "lokr_w1_b": "k1b",
    "lokr_w2": "k2",
    "lokr_w2_a": "k2a",
    "lokr_w2_b": "k2b",
    "lokr_t2": "kt",
    "oft_blocks": "oft",
    "oft_diag": "oft",
    "oft_R.weight": "oft_in",
    "oft_R": "oft_in",
    "oft_r": "oft_in",
    "boft_R": "oft_in",
    "boft_s": "rescale",
    "rescale": "rescale",
    "ia3_l": "ia3",
    "on_input": "on_input",
    "diff": "diff",
    "diff_b": "diff_bias",
    "w_norm": "norm",
    "b_norm": "norm_bias",
    "a1.weight": "glora",
    "a2.weight": "glora_a2",
    "b1.weight": "glora_b1",
    "b2.weight": "glora_b2",
}
#: Adapters that a text in front of the name shows, whatever stands behind.
_FLAT = ("lora_unet_", "lora_te", "lora_transformer_", "lora_prior_unet_", "lycoris_")
_JOINED = {"down.weight": "down", "up.weight": "up"}
_JOINED_END = re.compile(r"(?:_lora|\.lora_layer)(\d?)$")
#: Cheap marks: a file that has none of them holds no adapter.
_MARKS = (
    *("lora", "hada_", "lokr_", "oft_", ".ia3_l\n", ".on_input\n"),
    *(".diff\n", ".diff_b\n", ".b2.weight", "dora_scale"),
)
_NUMBER = re.compile(r"(?<![^_])\d+(?![^_])")
#: No model has so many blocks that their number is longer.
_LONGEST_NUMBER = 5
#: A module of several parts has blocks for each.
_OFT = re.compile(r"oft\d*")
_UNET = r"(?:down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)_"
_UNET_TRANSFORMER = re.compile(_UNET + r".{0,40}?transformer_blocks_(\d{1,3})_")
_UNET_CONTEXT = re.compile(_UNET + r".{0,80}attn2_to_[kv]")
#: More forms of names than any model has; beyond it a file is not an adapter.
_MOST_FORMS = 5_000
#: Roles that stand beside adapters but make none alone.
_COMPANIONS = {"alpha", "rescale", "dora", "up_bias", "diff_bias", "on_input"}


@dataclass(slots=True)
class AdapterModule:
    """One module that an adapter changes.

    Attributes:
        path: Its path there, with ``_`` between the parts.
        shapes: Shape of each of its tensors under its role.
    """

    where: Where
    path: str
    shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def width_in(self) -> int | None:
        """Features that the module takes, where the shapes show it."""
        return _single(self._ends(1))

    @property
    def width_out(self) -> int | None:
        """Features that the module gives, where the shapes show it."""
        return _single(self._ends(0))

    def _ends(self, side: int) -> Iterator[int | None]:
        shapes = self.shapes
        yield _at(shapes.get("up" if side == 0 else "down"), side)
        yield _at(shapes.get("diff"), side)
        if "h1a" in shapes:
            tucker = "ht" in shapes
            yield _at(shapes.get("h1a" if side == 0 else "h1b"), 1 if tucker else side)
        first = _at(shapes.get("k1"), side) or self._factor("k1", side)
        second = _at(shapes.get("k2"), side) or self._factor("k2", side)
        yield first * second if first and second else None
        if "glora" in shapes and side == 1:
            yield max(shapes["glora"], default=None)
        # These turn or scale one side of a module; the other does not show.
        if side == 0:
            turned = [_turned(shapes[role]) for role in shapes if _OFT.fullmatch(role)]
            yield sum(turned) or None
        elif "oft_in" in shapes:
            yield _turned(shapes["oft_in"]) or None
        if "ia3" in shapes:
            yield _scaled(shapes["ia3"], side)

    def _factor(self, name: str, side: int) -> int | None:
        half = self.shapes.get(name + ("a" if side == 0 else "b"))
        return _at(half, 1 if "kt" in self.shapes and name == "k2" else side)


class Measured(NamedTuple):
    """What tells modules of one form apart.

    Attributes:
        numbers: Those in its path, in turn; None where one is longer than any model has blocks.
        widths: Features that it takes and gives, as far as they show.
    """

    numbers: tuple[int, ...] | None
    widths: tuple[int | None, int | None]

    @classmethod
    def of(cls, module: AdapterModule) -> Self:
        """Measure a module."""
        texts = _NUMBER.findall(module.path)
        is_long = any(len(text) > _LONGEST_NUMBER for text in texts)
        widths = module.width_in, module.width_out
        return cls(None if is_long else tuple(map(int, texts)), widths)


@dataclass(frozen=True)
class AdapterView:
    """All adapter modules of one file, and how many tensors belong to none.

    Attributes:
        modules: The modules in the order of the file.
        forms: Modules by (where, path with its numbers as ``#``).
        held: Which tables of modules hold all of these, as far as that was asked.
    """

    modules: tuple[AdapterModule, ...] = ()
    others: int = 0
    forms: Mapping[tuple[Where, str], list[AdapterModule]] = field(default_factory=dict)
    _found: dict[tuple[str, Where], tuple[AdapterModule, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _numbers: dict[str, frozenset[int]] = field(default_factory=dict, repr=False, compare=False)
    held: dict[object, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, tensors: Mapping[str, TensorInfo]) -> AdapterView:
        """Sort ``tensors``; nothing is an adapter's where most are not."""
        # Of more than half of the tensors one is an adapter's, or most are not: then it is none.
        first = "\n".join(islice(tensors, len(tensors) // 2 + 1))
        text = f"{first}\n"
        if not any(mark in text for mark in _MARKS):
            return cls(others=len(tensors))
        modules: dict[tuple[Where, str], AdapterModule] = {}
        by_name: dict[str, AdapterModule] = {}  # a module has several tensors, and several names
        others = 0
        for name, info in tensors.items():
            split = split_role(name)
            if split is None:
                others += 1
                continue
            module = by_name.get(split[0])
            if module is None:
                place = place_of(split[0])
                module = by_name[split[0]] = modules.setdefault(place, AdapterModule(*place))
            module.shapes[split[1]] = info.shape
        kept = [m for m in modules.values() if m.shapes.keys() - _COMPANIONS]
        others += sum(len(m.shapes) for m in modules.values()) - sum(len(m.shapes) for m in kept)
        forms: defaultdict[tuple[Where, str], list[AdapterModule]] = defaultdict(list)
        for module in kept:
            forms[module.where, _NUMBER.sub("#", module.path)].append(module)
        if len(forms) > _MOST_FORMS:
            return cls(others=len(tensors))
        return cls(tuple(kept), others, dict(forms))

    @cached_property
    def denoiser(self) -> Mapping[str, frozenset[Measured]]:
        """The modules of the denoiser by form: the numbers in their paths, and their widths."""
        return {
            form: frozenset(Measured.of(module) for module in modules)
            for (where, form), modules in self.forms.items()
            if where == "denoiser"
        }

    @cached_property
    def tensors(self) -> int:
        """How many tensors belong to adapters."""
        return sum(len(module.shapes) for module in self.modules)

    def find(self, glob: str, where: Where) -> Sequence[AdapterModule]:
        """Return the modules whose path ``glob`` matches.

        Args:
            glob: With ``*`` for any text and ``#`` for any number. It is matched on the forms,
                which are far fewer than paths; one with numbers of its own then on their paths.
            where: The model that they belong to.
        """
        key = (glob, where)
        if key not in self._found:
            self._found[key] = tuple(self._search(glob, where)) if self.modules else ()
        return self._found[key]

    def _search(self, glob: str, where: Where) -> Iterator[AdapterModule]:
        if _NUMBER.search(glob):
            for module in self._search(_NUMBER.sub("#", glob), where):
                if glob_matches(glob, module.path):
                    yield module
        elif "*" not in glob:
            yield from self.forms.get((where, glob), ())
        else:
            forms = (form for place, form in self.forms if place == where)
            for form in glob_filter(glob, forms):
                yield from self.forms[where, form]

    @cached_property
    def unet_contexts(self) -> Mapping[int, str]:
        """Widths of text that the cross-attention of a U-Net takes, each with a module of it.

        Transformers have modules of these names too: only those in blocks of a U-Net count.
        """
        found: dict[int, str] = {}
        for (where, form), modules in self.forms.items():
            for module in modules if where == "denoiser" and _UNET_CONTEXT.fullmatch(form) else ():
                if module.width_in is not None:
                    found.setdefault(module.width_in, module.path)
        return found

    @cached_property
    def unet_depth(self) -> int:
        """How many transformers the deepest attention block of a U-Net has, as far as changed."""
        found = (_UNET_TRANSFORMER.match(m.path) for m in self.modules if m.where == "denoiser")
        return max((int(match.group(1)) + 1 for match in found if match), default=0)

    def numbers(self, block: str) -> frozenset[int]:
        """Return which members of a list of blocks (``double_blocks``) are changed."""
        if block not in self._numbers:
            self._numbers[block] = frozenset(self._numbers_in(f"{block}_"))
        return self._numbers[block]

    def _numbers_in(self, start: str) -> Iterator[int]:
        numbers = (
            module.path[len(start) :].partition("_")[0]
            for module in self.modules
            if module.where == "denoiser" and module.path.startswith(start)
        )
        return (int(n) for n in numbers if n.isdecimal() and len(n) < 6)  # noqa: PLR2004 - no model has so many blocks


def split_role(name: str) -> tuple[str, str] | None:
    """Split a tensor's name into its module's and its role.

    Returns:
        None when the name is not one of an adapter's.
    """
    last = name.rfind(".")
    second = name.rfind(".", 0, max(last, 0))
    third = name.rfind(".", 0, max(second, 0))
    for dot in (third, second, last):
        if dot >= 0 and (role := SUFFIXES.get(name[dot + 1 :])) is not None:
            return name[:dot], role
    if third >= 0 and name[last:] == ".weight":  # lora_A.<adapter>.weight
        role = SUFFIXES.get(name[third + 1 : second], "")
        if role in {"down", "up"}:
            return name[:third], role
    if second >= 0:
        return _in_two_parts(name[:second], name[second + 1 :])
    if name[last:] == ".weight" and name.startswith(_FLAT):  # lora_unet_x.weight
        return name[:last], "ia3"
    return None


def _in_two_parts(module: str, tail: str) -> tuple[str, str] | None:
    """Read roles of two parts that are on no list."""
    block = tail.removeprefix("oft_blocks.")
    if block != tail and block.isdecimal():  # oft_blocks.0
        return module, f"oft{block}"
    return _joined(module, tail)  # x_lora.down.weight


def _joined(module: str, tail: str) -> tuple[str, str] | None:
    role = _JOINED.get(tail)
    end = _JOINED_END.search(module) if role else None
    if role is None or end is None:
        return None
    return module[: end.start()].replace(".processor.", ".") + end.group(1), role


def place_of(module: str) -> tuple[Where, str]:
    """Return which model a module belongs to, and its path there, with ``_`` between its parts."""
    for wrapper in _WRAPPERS:
        module = module.removeprefix(wrapper)
    where: Where = "denoiser"
    for prefix, place in PREFIXES:
        if module.startswith(prefix):
            where, module = place, module[len(prefix) :]
            break
    return where, module.replace(".", "_")


def _turned(shape: Shape) -> int:
    """Return how many features the blocks of an orthogonal adapter turn; 0 where that is open.

    Blocks are squares, or what stands above the diagonal of a skew-symmetric one.
    """
    if len(shape) >= 3:  # noqa: PLR2004 - ..., blocks, size, size
        return shape[-3] * shape[-1]
    if len(shape) != 2 or shape[0] == 1:  # noqa: PLR2004 - one block may stand for all
        return 0
    size = (1 + math.isqrt(1 + 8 * shape[1])) // 2
    return shape[0] * size if size * (size - 1) == 2 * shape[1] else 0


def _scaled(shape: Shape, side: int) -> int | None:
    """Return the features that a vector of (IA)3 scales, where they are on this side."""
    is_input = len(shape) == 2 and shape[0] == 1  # noqa: PLR2004 - a row, not a column
    return shape[side] if len(shape) > side and is_input == (side == 1) else None


def _at(shape: Shape | None, axis: int) -> int | None:
    return shape[axis] if shape is not None and len(shape) > axis else None


def _single(widths: Iterator[int | None]) -> int | None:
    return next((width for width in widths if width is not None), None)

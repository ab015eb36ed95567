"""Rules and tables that many transformers share: a file of the denoiser, a folder, its modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    NotKin,
    PipelineClass,
)
from modelkeep.identification.module_tables import Widths
from modelkeep.identification.prefixes import DENOISER, Part
from modelkeep.identification.rules import Rule, Variant

#: The one variant of a family that has no others.
NORMAL = (Variant("normal"),)
ORIGINAL, DIFFUSERS = "original names", "diffusers names"
#: Width of the sine embedding of times.
TIME = 256
#: Widths that vary, or that tell nothing.
ANY: Widths = (None, None)


def main_file(
    base: BaseModelType,
    names: str,
    *requires: Condition,
    variants: tuple[Variant, ...] = NORMAL,
    before: tuple[str, ...] = (),
    part: Part = DENOISER,
) -> Rule:
    """Return the rule for a file that holds the denoiser, alone or with other parts.

    Args:
        base: The base.
        names: Whose names its tensors have: "original names", "diffusers names".
        requires: What must hold; that no similar family's mark is there is added.
        variants: Its variants.
        before: Names of rules that lose when this one holds too.
        part: Prefixes under which its tensors may stand.
    """
    return Rule(
        name=f"{base.value} main, {names}",
        type=ModelType.Main,
        base=base,
        format=ModelFormat.Checkpoint,
        part=part,
        requires=(*requires, NotKin()),
        variants=variants,
        before=before,
    )


def main_folder(
    base: BaseModelType,
    pipelines: tuple[str, ...],
    components: tuple[str, ...],
    *requires: Condition,
    variants: tuple[Variant, ...] = NORMAL,
) -> Rule:
    """Return the rule for a folder of diffusers: a pipeline, or its transformer alone.

    Args:
        base: The base.
        pipelines: Classes of pipelines (globs).
        components: Classes of its transformers (globs).
        requires: What else must hold.
        variants: Its variants.
    """
    classes = [PipelineClass(*pipelines)] if pipelines else []
    return Rule(
        name=f"{base.value} main, folder",
        type=ModelType.Main,
        base=base,
        format=ModelFormat.Diffusers,
        requires=(AnyOf(*classes, ComponentClass(*components)), NotKin(), *requires),
        variants=variants,
    )


def config(key: str, *values: Any, absent: bool = False) -> ConfigValue:
    """Return the condition that the config of the transformer has one of these values.

    Args:
        key: Name of the value.
        values: What it may be.
        absent: Also holds when the config does not set it.
    """
    return ConfigValue(("transformer", ""), key, values, absent=absent)


def classed(*kinds: str) -> Condition:
    """Return the condition that the pipeline or the component has one of these classes (globs)."""
    return AnyOf(PipelineClass(*kinds), ComponentClass(*kinds))


def each_size(sizes: tuple[tuple[str, Condition], ...], *tasks: Variant) -> tuple[Variant, ...]:
    """Return variants named by task and size (``t2v-14b``), the first task of all sizes first.

    Args:
        sizes: The word of each size and what tells it.
        tasks: The word of each task and what tells it; one without a word is the size alone.
    """
    return tuple(
        Variant(f"{task.name}-{size}" if task.name else size, (sign, *task.when))
        for task in tasks
        for size, sign in sizes
    )


def attention(
    name: str, width: int, text: int | None = None, *, fused: bool = True
) -> dict[str, Widths]:
    """Return the modules of an attention in the names of diffusers.

    Args:
        name: Its path.
        width: Width of the model.
        text: Width of what its keys and values are made from; the same when None.
        fused: List the joined projections too, which some programs make.
    """
    taken = text or width
    modules: dict[str, Widths] = {
        f"{name}.to_q": (width, width),
        f"{name}.to_k": (taken, width),
        f"{name}.to_v": (taken, width),
        f"{name}.to_out.0": (width, width),
    }
    if fused:
        modules |= {
            f"{name}.to_qkv": (width, 3 * width),
            f"{name}.to_kv": (taken, 2 * width),
        }
    return modules


def feed_forward(name: str, width: int, inner: int, *, gated: bool = False) -> dict[str, Widths]:
    """Return the modules of a feed-forward in the names of diffusers.

    Args:
        name: Its path.
        width: Width of the model.
        inner: Width inside.
        gated: Its first module gives the gates as well.
    """
    return {
        f"{name}.net.0.proj": (width, inner * 2 if gated else inner),
        f"{name}.net.2": (inner, width),
    }


def two_layers(name: str, taken: int | None, inner: int, given: int) -> dict[str, Widths]:
    """Return the modules ``linear_1`` and ``linear_2`` of an embedder."""
    return {f"{name}.linear_1": (taken, inner), f"{name}.linear_2": (inner, given)}


def under(place: str, modules: Mapping[str, Widths]) -> dict[str, Widths]:
    """Return modules with ``place`` before their names."""
    return {f"{place}.{name}": widths for name, widths in modules.items()}


def same(width: int, *names: str) -> dict[str, Widths]:
    """Return modules that give as many features as they take."""
    return dict.fromkeys(names, (width, width))


def gated_ways(
    width: int, inner: int, names: tuple[str, str, str] = ("w1", "w3", "w2")
) -> dict[str, Widths]:
    """Return a gated feed-forward of three modules: two ways in, one out."""
    gate, up, down = names
    return {gate: (width, inner), up: (width, inner), down: (inner, width)}

"""What the families of flow models have in common: rules for main models, module tables."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import (
    AllOf,
    AnyOf,
    ComponentClass,
    Condition,
    ConfigValue,
    Declares,
    Fits,
    FitsPartly,
    Has,
    PipelineClass,
)
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Rule, Variant

#: A family whose main models are all of one kind.
NORMAL = (Variant("normal"),)
_CONFIG = ("transformer", "")


def main_file(
    base: BaseModelType,
    spelling: str,
    *signs: Condition,
    variants: tuple[Variant, ...] = NORMAL,
) -> Rule:
    """Return the rule for a main model in one file.

    Args:
        base: The base.
        spelling: Whose names its tensors have: ``original`` or ``diffusers``.
        signs: What must hold, the rarest first.
        variants: Its variants.
    """
    return Rule(
        name=f"{base.value} main, {spelling} names",
        type=ModelType.Main,
        base=base,
        format=ModelFormat.Checkpoint,
        requires=signs,
        variants=variants,
    )


def main_folder(
    base: BaseModelType,
    *classes: str,
    pipelines: tuple[str, ...],
    signs: tuple[Condition, ...] = (),
    variants: tuple[Variant, ...] = NORMAL,
) -> Rule:
    """Return the rule for the folder of a pipeline, or of its transformer alone.

    Args:
        base: The base.
        classes: Classes of the transformer.
        pipelines: Classes of the pipelines, as globs.
        signs: What else must hold of the configs.
        variants: Its variants.
    """
    return Rule(
        name=f"{base.value} main, folder",
        type=ModelType.Main,
        base=base,
        format=ModelFormat.Diffusers,
        requires=(
            AnyOf(PipelineClass(*pipelines), ComponentClass(*classes)),
            ConfigValue(_CONFIG, "_class_name", classes),
            *signs,
        ),
        variants=variants,
    )


def config(key: str, *values: object, absent: bool = False) -> ConfigValue:
    """Return the condition that the transformer's config has one of these values."""
    return ConfigValue(_CONFIG, key, values, absent)


def switched_on(key: str) -> ConfigValue:
    """Return the condition that the transformer's config says yes to a question."""
    return ConfigValue(_CONFIG, key, (True,))


def norm(name: str) -> Condition:
    """Return the condition that a norm is there; its weight is called ``scale`` in older files."""
    return AnyOf(Has(f"{name}.scale"), Has(f"{name}.weight"))


def declared_modules(base: BaseModelType, *tables: ModuleTable) -> Condition:
    """Return the condition that an adapter fits tables and nothing says that it is of others.

    It is for families whose modules are all those of a family that trainers know. An adapter of
    every block needs a header that names the base; one of some blocks may be of either.
    """
    return AnyOf(AllOf(Declares(base.value), Fits(*tables)), FitsPartly(*tables))


def under(place: str, modules: dict[str, Widths]) -> dict[str, Widths]:
    """Return modules with ``place`` before their names."""
    return {f"{place}.{name}": widths for name, widths in modules.items()}


def square(width: int, *names: str) -> dict[str, Widths]:
    """Return modules that give as many features as they take."""
    return dict.fromkeys(names, (width, width))


def layers(place: str, taken: int | None, inner: int, given: int) -> dict[str, Widths]:
    """Return the two layers of an embedder in the names of diffusers."""
    return {f"{place}.linear_1": (taken, inner), f"{place}.linear_2": (inner, given)}


def feed_forward(width: int, inner: int) -> dict[str, Widths]:
    """Return the two layers of a feed-forward in the names of diffusers."""
    return {"net.0.proj": (width, inner), "net.2": (inner, width)}

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
from modelkeep.identification.families._transformers import NORMAL
from modelkeep.identification.module_tables import ModuleTable, Widths
from modelkeep.identification.rules import Rule, Variant

_CONFIG = ("transformer", "")


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


def feed_forward(width: int, inner: int) -> dict[str, Widths]:
    """Return the two layers of a feed-forward in the names of diffusers."""
    return {"net.0.proj": (width, inner), "net.2": (inner, width)}

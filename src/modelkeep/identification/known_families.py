"""The families of this program and of installed packages, loaded when first asked for.

Listing models needs their names: nothing here imports the readers of files.
"""

from __future__ import annotations

import functools
from pathlib import Path

from modelkeep.core.base_names import BaseNames
from modelkeep.core.plugins import PluginKind
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelType,
    SchedulerPredictionType,
    type_label,
)
from modelkeep.identification.family import Family
from modelkeep.identification.rule_set import RuleSet, find_contradiction

#: A family is a module there with a ``Family`` named ``FAMILY``. Installed packages name such a
#: module, or the value, as an entry point of the group.
FAMILIES: PluginKind[Family] = PluginKind(
    "family",
    Family,
    "FAMILY",
    package="modelkeep.identification.families",
    group="modelkeep.families",
)


def load_rules(*folders: Path) -> RuleSet:
    """Return the rules of all families, with their names and other facts.

    A family that contradicts those before it is left out with a warning.

    Args:
        folders: Folders whose ``*.py`` files are families too.
    """
    return _rule_set(FAMILIES.load(*folders))


@functools.cache
def _rule_set(families: tuple[Family, ...]) -> RuleSet:
    kept = list(families)
    while (wrong := find_contradiction(kept)) is not None:
        family, reason = wrong
        FAMILIES.leave_out(family.name, reason)
        kept.remove(family)
    return RuleSet.of(kept)


def base_names() -> BaseNames:
    """Return what the bases are called."""
    return load_rules().names


def base_label(base: BaseModelType) -> str:
    """Return what people call a base."""
    return base_names().label(base)


def kind_label(type_: ModelType, base: BaseModelType, variant: str = "") -> str:
    """Return what people call a type of model of a base, such as ``LoRA for SDXL``."""
    if base is BaseModelType.Any:
        return type_label(type_)
    if base is BaseModelType.Unknown:
        return f"{type_label(type_)} of unknown base"
    shown = f" {variant}" if variant and variant != "normal" else ""
    return f"{type_label(type_)} for {base_label(base)}{shown}"


def usual_prediction(base: BaseModelType, variant: str) -> SchedulerPredictionType | None:
    """Return what most models of a base and variant predict; None for flow models."""
    known = load_rules().predictions(base)
    return known.usual.get(variant, known.usual.get("")) if known else None


def base_from_words(text: str) -> BaseModelType | None:
    """Return the base that a person or a site means by ``text``, or None."""
    return base_names().base_of(text)

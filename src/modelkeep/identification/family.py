"""``Family``: all that is known about one architecture, as a value that stands in one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from modelkeep.core.taxonomy import BaseModelType, SchedulerPredictionType
    from modelkeep.identification.conditions import Condition
    from modelkeep.identification.rules import Rule


class Marks(msgspec.Struct, frozen=True):
    """Conditions that hold for a family and for none of its kin.

    Attributes:
        tensors: Of single files.
        modules: Of adapters: the modules they change.
        folders: Of folders: their configs.
    """

    tensors: tuple[Condition, ...] = ()
    modules: tuple[Condition, ...] = ()
    folders: tuple[Condition, ...] = ()


class Predictions(msgspec.Struct, frozen=True):
    """Signs of what the main models of a family predict. Families of flow models have none.

    Attributes:
        steps: Prediction by ``global_step`` of the published checkpoints.
        names: Regular expressions for names (see ``spaced``) and what they mean.
        upcast: The prediction that needs its attention in 32 bits.
        usual: What most of them predict, by variant; "" stands for those that are not named. No
            model is said to predict it: whoever loads a model that does not tell may assume it.
    """

    steps: Mapping[str, SchedulerPredictionType] = msgspec.field(default_factory=dict)
    names: tuple[tuple[str, SchedulerPredictionType], ...] = ()
    upcast: SchedulerPredictionType | None = None
    usual: Mapping[str, SchedulerPredictionType] = msgspec.field(default_factory=dict)


class Lineage(msgspec.Struct, frozen=True):
    """One parent that models of a family may be tuned from.

    Attributes:
        name: The word that people know it by.
        words: Regular expression for metadata and names (see ``spaced``).
        sign: A condition that proves it where keys or configs can.
        variants: Variants of main models that it goes with; all when empty.
    """

    name: str
    words: str
    sign: Condition | None = None
    variants: frozenset[str] = frozenset()


class Family(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One architecture. A package may add rules or lineages to a base with a family of its own.

    Attributes:
        name: Unique among families.
        base: The base of its models; ``any`` for parts that go with several.
        label: What people call the base; empty where another family of the base states it.
        words: Further names that people use for it.
        sites: The names that a site uses for it, by the name of the site.
        declared: First words, in lower case, of the names that trainers write in headers.
        kin: A word that it shares with families that are taken for it. Families whose main models
            have tensors of one name are kin without it.
        marks: What distinguishes it from its kin; ``NotKin`` in the rules of the others refuses
            models with them.
        predictions: Signs of what its main models predict; None for flow models.
        lineages: What its models may be tuned from; the first that fits is taken.
        rules: What its models look like.
    """

    name: str
    base: BaseModelType
    label: str = ""
    words: tuple[str, ...] = ()
    sites: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    declared: tuple[str, ...] = ()
    kin: str = ""
    marks: Marks = Marks()
    predictions: Predictions | None = None
    lineages: tuple[Lineage, ...] = ()
    rules: tuple[Rule, ...] = ()

"""``Rule``: one thing that a model can be, as a frozen value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    ModelVariantType,
    SchedulerPredictionType,
)
from modelkeep.identification.conditions import AllOf, AnyOf, Condition, Fits
from modelkeep.identification.prefixes import DENOISER, Part

if TYPE_CHECKING:
    from modelkeep.identification.view import ModelView

#: Formats that only folders have.
FOLDER_FORMATS = frozenset(
    {
        ModelFormat.Diffusers,
        ModelFormat.Onnx,
        ModelFormat.Olive,
        ModelFormat.EmbeddingFolder,
        ModelFormat.InvokeAI,
    }
)

#: Legacy configuration file by prediction; None is any prediction.
LegacyConfigs = Mapping[SchedulerPredictionType | None, str]


class Variant(msgspec.Struct, frozen=True):
    """One variant of a main model.

    Attributes:
        name: The variant's word.
        when: What must hold; none for the one that is left.
        legacy: Its legacy configuration files.
    """

    name: str
    when: tuple[Condition, ...] = ()
    legacy: LegacyConfigs = msgspec.field(default_factory=dict)

    @property
    def value(self) -> ModelVariantType:
        """The variant as a value of the taxonomy."""
        return ModelVariantType(self.name)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold for a model to be of one type, base and format.

    Attributes:
        name: Unique; shown to people.
        type: What a match is used as.
        requires: All of these must hold; cheap ones that fail soonest stand first.
        part: Prefixes under which its tensors may stand.
        variants: The first that holds is taken; where there are some, one must hold.
        before: Names of rules that lose when this one holds too.
        legacy: Legacy configuration files, where no variant has its own.
        fits: Variants of its base that such a model works with; empty where its table tells, and
            where it works with all.
    """

    name: str
    type: ModelType
    base: BaseModelType
    format: ModelFormat
    requires: tuple[Condition, ...]
    part: Part = DENOISER
    variants: tuple[Variant, ...] = ()
    before: tuple[str, ...] = ()
    legacy: LegacyConfigs = msgspec.field(default_factory=dict)
    fits: tuple[str, ...] = ()

    @property
    def is_for_folders(self) -> bool:
        """Whether it is about folders; else it is about single files."""
        return self.format in FOLDER_FORMATS

    def match(self, view: ModelView) -> Match | None:
        """Return the match, or None as soon as something does not hold."""
        scope = view.under(self.part)
        reasons: list[Evidence] = []
        for condition in self.requires:
            evidence = condition.check(scope)
            if evidence is None:
                return None
            if condition.positive:
                reasons.append(evidence)
        if not self.variants:
            return Match(self, None, tuple(reasons))
        for variant in self.variants:
            found = [(c.check(scope), c.positive) for c in variant.when]
            if all(evidence is not None for evidence, _ in found):
                reasons += [evidence for evidence, positive in found if evidence and positive]
                return Match(self, variant, tuple(reasons))
        return None

    def assess(self, view: ModelView) -> Assessment:
        """Look at every condition, also after one failed."""
        scope = view.under(self.part)
        held: list[Evidence] = []
        missing: list[str] = []
        for condition in self.requires:
            evidence = condition.check(scope)
            if evidence is None:
                missing.append(condition.missing(scope))
            elif condition.positive:
                held.append(evidence)
        if missing or not self.variants or self.match(view) is not None:
            return Assessment(self, tuple(held), tuple(missing))
        when = self.variants[0].when
        missing.append(when[0].missing(scope) if when else "no variant fits")
        return Assessment(self, tuple(held), tuple(missing), lacks_variant=True)


class Match(msgspec.Struct, frozen=True):
    """A rule that holds, the variant it found and why."""

    rule: Rule
    variant: Variant | None
    evidence: tuple[Evidence, ...]


class Assessment(msgspec.Struct, frozen=True):
    """How near a rule came.

    Attributes:
        held: Evidence of the conditions that hold.
        missing: Why the others do not.
        lacks_variant: Everything holds, and no variant of the rule does.
    """

    rule: Rule
    held: tuple[Evidence, ...]
    missing: tuple[str, ...]
    lacks_variant: bool = False

    @property
    def holds(self) -> bool:
        """Whether the rule matches."""
        return not self.missing

    @property
    def nearness(self) -> float:
        """Share of the positive conditions that hold."""
        return len(self.held) / max(1, len(self.held) + len(self.missing))


def tables_of(rule: Rule) -> Iterator[Fits]:
    """Yield the conditions of a rule that ask for the modules of an architecture."""
    open_conditions: list[Condition] = list(rule.requires)
    while open_conditions:
        condition = open_conditions.pop()
        if isinstance(condition, Fits):
            yield condition
        elif isinstance(condition, AnyOf | AllOf):
            open_conditions += condition.conditions

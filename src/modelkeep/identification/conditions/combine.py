"""Conditions made of conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from modelkeep.core.identity import Evidence
from modelkeep.identification.conditions.condition import Condition
from modelkeep.identification.view import ModelView, Part


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold.

    Attributes:
        condition: What must not hold.
        reason: What it would mean, for people.
    """

    positive: ClassVar[bool] = False

    condition: Condition
    reason: str

    def check(self, view: ModelView, part: Part) -> Evidence | None:
        """Hold when the condition does not."""
        if self.condition.check(view, part) is not None:
            return None
        return Evidence("keys", f"not {self.reason}")

    def missing(self, view: ModelView, part: Part) -> str:  # noqa: ARG002 - protocol
        """Say what it is instead."""
        return f"it is {self.reason}"


@dataclass(frozen=True, slots=True, init=False)
class AnyOf:
    """At least one of these holds; the first that does is the evidence."""

    positive: ClassVar[bool] = True

    conditions: tuple[Condition, ...]

    def __init__(self, *conditions: Condition) -> None:
        object.__setattr__(self, "conditions", conditions)

    def check(self, view: ModelView, part: Part) -> Evidence | None:
        """Hold with the first that holds."""
        for condition in self.conditions:
            evidence = condition.check(view, part)
            if evidence is not None:
                return evidence
        return None

    def missing(self, view: ModelView, part: Part) -> str:
        """Say why the first does not hold."""
        return self.conditions[0].missing(view, part)


@dataclass(frozen=True, slots=True, init=False)
class AllOf:
    """All of these hold; for use inside ``AnyOf``."""

    positive: ClassVar[bool] = True

    conditions: tuple[Condition, ...]

    def __init__(self, *conditions: Condition) -> None:
        object.__setattr__(self, "conditions", conditions)

    def check(self, view: ModelView, part: Part) -> Evidence | None:
        """Hold with the evidence of the first."""
        first: Evidence | None = None
        for condition in self.conditions:
            evidence = condition.check(view, part)
            if evidence is None:
                return None
            first = first or evidence
        return first

    def missing(self, view: ModelView, part: Part) -> str:
        """Say why the first that does not hold does not."""
        failed = (c for c in self.conditions if c.check(view, part) is None)
        return next((c.missing(view, part) for c in failed), "")

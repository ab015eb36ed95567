"""Conditions made of conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from modelkeep.core.identity import Evidence
from modelkeep.identification.conditions.condition import Condition

if TYPE_CHECKING:
    from modelkeep.identification.view import PartView


class Not(msgspec.Struct, frozen=True):
    """The condition does not hold.

    Attributes:
        condition: What must not hold.
        reason: What it would mean, for people.
    """

    positive: ClassVar[bool] = False

    condition: Condition
    reason: str

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the condition does not."""
        if self.condition.check(view) is not None:
            return None
        return Evidence("keys", f"not {self.reason}")

    def missing(self, view: PartView) -> str:
        """Say what it is instead."""
        del view
        return f"it is {self.reason}"


class AnyOf:
    """At least one of these holds; the first that does is the evidence."""

    positive: ClassVar[bool] = True

    def __init__(self, *conditions: Condition) -> None:
        self.conditions = conditions

    def check(self, view: PartView) -> Evidence | None:
        """Hold with the first that holds."""
        for condition in self.conditions:
            evidence = condition.check(view)
            if evidence is not None:
                return evidence
        return None

    def missing(self, view: PartView) -> str:
        """Say why the first does not hold."""
        return self.conditions[0].missing(view)


class AllOf:
    """All of these hold; for use inside ``AnyOf``."""

    positive: ClassVar[bool] = True

    def __init__(self, *conditions: Condition) -> None:
        self.conditions = conditions

    def check(self, view: PartView) -> Evidence | None:
        """Hold with the evidence of the first."""
        first: Evidence | None = None
        for condition in self.conditions:
            evidence = condition.check(view)
            if evidence is None:
                return None
            first = first or evidence
        return first

    def missing(self, view: PartView) -> str:
        """Say why the first that does not hold does not."""
        failed = (c for c in self.conditions if c.check(view) is None)
        return next((c.missing(view) for c in failed), "")


class NotKin(msgspec.Struct, frozen=True):
    """None of the marks of the family's kin is there; stands in ``requires`` of a rule itself.

    Attributes:
        marks: Filled in where all families are known.
    """

    positive: ClassVar[bool] = False

    marks: tuple[Condition, ...] = ()

    def _found(self, view: PartView) -> Evidence | None:
        found = (mark.check(view) for mark in self.marks)
        return next((evidence for evidence in found if evidence is not None), None)

    def check(self, view: PartView) -> Evidence | None:
        """Hold when no mark is there."""
        if self._found(view) is not None:
            return None
        return Evidence("keys", "has no mark of a similar family")

    def missing(self, view: PartView) -> str:
        """Name the mark that is there."""
        found = self._found(view)
        return f"it belongs to another family: {found.detail}" if found else ""

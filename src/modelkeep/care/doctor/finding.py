"""``Finding``: one thing that is out of order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelkeep.care.doctor.repairs import RepairTools


class Severity(StrEnum):
    """How bad a finding is.

    ``error``: something does not work. ``warning``: something is not as it should be. ``note``:
    good to know; nothing is wrong.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


#: Puts one finding in order, and changes nothing else; may be cut off and done again.
Repair = Callable[["RepairTools"], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is out of order.

    Attributes:
        kind: What it is, in one word for programs.
        subject: What it is about: a path, or the key of a model.
        message: The same for people, naming file and cause.
        hint: What to do next.
        severity: How bad it is.
        repair: Puts it in order; None when a person has to.
        is_fixed: It was put in order.
    """

    kind: str
    subject: str
    message: str
    hint: str
    severity: Severity = Severity.WARNING
    repair: Repair | None = field(default=None, compare=False, repr=False)
    is_fixed: bool = False

    @property
    def is_left(self) -> bool:
        """Something is wrong, and still is."""
        return self.severity is not Severity.NOTE and not self.is_fixed

    def to_json(self) -> dict[str, Any]:
        """Return what ``doctor --json`` prints."""
        return {
            "kind": self.kind,
            "severity": self.severity.value,
            "subject": self.subject,
            "message": self.message,
            "hint": self.hint,
            "fixable": self.repair is not None,
            "fixed": self.is_fixed,
        }

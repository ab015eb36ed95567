"""``Finding``: one problem in a library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelkeep.care.doctor.repairs import RepairTools


class Severity(StrEnum):
    """How bad a finding is.

    ``error``: something does not work. ``warning``: something is wrong. ``note``: information
    only.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


#: Repairs one finding and changes nothing else; can be interrupted and repeated.
Repair = Callable[["RepairTools"], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in a library.

    Attributes:
        kind: What it is, in one word for programs.
        subject: What it is about: a path, or the key of a model.
        message: The same for people, naming file and cause.
        repair: Repairs it; None when a person has to.
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
        """It is a problem and was not repaired."""
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

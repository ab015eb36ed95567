"""The doctor: the problems of the library, one by one and in total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelkeep.care.doctor import examination
from modelkeep.care.doctor.check import load_checks
from modelkeep.care.doctor.repairs import Installs
from modelkeep.core.names import counted
from modelkeep.install.fetch_folder import claimed_folders
from modelkeep.install.recovery import recover_library

if TYPE_CHECKING:
    from modelkeep.care.doctor.check import Check
    from modelkeep.care.doctor.finding import Finding
    from modelkeep.settings import Settings

#: What the checks and repairs ask installs.
_INSTALLS = Installs(recover_library, lambda state: claimed_folders(state.jobs.all("install")))


@dataclass(slots=True)
class Diagnosis:
    """Counts findings as they come.

    Attributes:
        counts: By severity, and how many were fixed.
        left: Those that are wrong and not fixed.
        fixable: How many of them ``--fix`` can repair.
    """

    counts: Counter[str] = field(default_factory=Counter)
    left: int = 0
    fixable: int = 0

    def add(self, finding: Finding) -> None:
        """Count a finding."""
        self.counts["fixed" if finding.is_fixed else finding.severity.value] += 1
        self.left += finding.is_left
        self.fixable += finding.repair is not None and finding.is_left

    def __str__(self) -> str:
        parts = [
            counted(n, word) for word in ("error", "warning", "note") if (n := self.counts[word])
        ]
        if self.counts["fixed"]:
            parts.append(f"{self.counts['fixed']} fixed")
        return ", ".join(parts) + "." if parts else "No problems found."


def examine(
    settings: Settings, *, fix: bool = False, checks: tuple[Check, ...] | None = None
) -> Iterator[Finding]:
    """Give everything that is out of order, however broken the library is.

    Args:
        settings: Of its root.
        fix: Repair what can be. Without it nothing is changed on the disk.
        checks: What to look for, in this order; everything when None.
    """
    from modelkeep.app.loading_check import LOADING

    chosen = (*load_checks(), LOADING) if checks is None else checks
    return examination.examine(settings, _INSTALLS, fix=fix, checks=chosen)


def text_of(finding: Finding) -> str:
    """Return a finding for people."""
    word = "fixed" if finding.is_fixed else finding.severity.value
    hint = f"\n    {finding.hint}" if finding.hint and not finding.is_fixed else ""
    return f"{word}: {finding.message}{hint}"

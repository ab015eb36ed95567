"""What lies around in a library: files that no record owns, and folders of interrupted work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.app.doctor import examine
from modelkeep.care.doctor.checks import orphans, staging
from modelkeep.care.doctor.finding import Severity

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.care.doctor.finding import Finding


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What was found.

    Attributes:
        orphans: Files that no record owns, models first.
        staging: Folders of interrupted installs and uploads.
    """

    orphans: tuple[Finding, ...]
    staging: tuple[Finding, ...]

    @property
    def fixable(self) -> int:
        """How many can be cleaned away."""
        return sum(finding.repair is not None for finding in self.staging)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "orphans": [finding.to_json() for finding in self.orphans],
            "staging": [finding.to_json() for finding in self.staging],
        }


def leftovers(manager: ModelManager) -> Leftovers:
    """Look for what lies around; nothing is changed."""
    lost = list(examine(manager.settings, checks=(orphans.CHECK,)))
    lost.sort(key=lambda finding: finding.severity is Severity.NOTE)
    left = examine(manager.settings, checks=(staging.CHECK,))
    return Leftovers(tuple(lost), tuple(left))


def clean(manager: ModelManager) -> Leftovers:
    """Clean away the folders of interrupted work; return what became of each."""
    done = examine(manager.settings, fix=True, checks=(staging.CHECK,))
    return Leftovers((), tuple(done))

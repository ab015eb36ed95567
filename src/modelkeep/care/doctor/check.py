"""``Check``: looks for one kind of problem in a library.

A check is a module of ``checks`` with a ``CHECK``; those of installed packages are entry points
of the group ``modelkeep.checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.plugins import PluginKind


@dataclass(frozen=True, slots=True)
class Check:
    """Looks for one kind of problem.

    Attributes:
        name: One word, unique among the checks.
        find: Yields the problems. What cannot be examined because something else is damaged is
            reported by the check for that.
        position: Checks run in this order: what others depend on comes first.
    """

    name: str
    find: Callable[[LibraryState], Iterator[Finding]]
    position: int = 1000


CHECKS: PluginKind[Check] = PluginKind(
    "check", Check, "CHECK", package="modelkeep.care.doctor.checks", group="modelkeep.checks"
)


def load_checks(*folders: Path) -> tuple[Check, ...]:
    """Return all checks in the order in which they run."""
    return tuple(sorted(CHECKS.load(*folders), key=lambda check: (check.position, check.name)))

"""``examine``: all checks of a library, one after the other, each with its repairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modelkeep.care.doctor.check import Check, load_checks
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.care.doctor.repairs import Installs, RepairTools
from modelkeep.errors import ModelKeepError, hint_of
from modelkeep.settings import Settings


def examine(
    settings: Settings,
    installs: Installs,
    *,
    fix: bool = False,
    checks: tuple[Check, ...] | None = None,
) -> Iterator[Finding]:
    """Look for all problems in a library, however damaged it is.

    Args:
        settings: Of its root.
        installs: What installs have to be asked.
        fix: Repair what can be. Without it nothing is changed on the disk.
        checks: What to look for, in this order; everything when None.

    Yields:
        Each finding, once it is known whether it could be repaired.
    """
    library = LibraryState(settings, installs.folders_in_use)
    try:
        for check in load_checks() if checks is None else checks:
            found = _findings(check, library)
            if not (fix and any(finding.repair for finding in found)):
                yield from found
                continue
            library.forget()  # files that are held open cannot be replaced
            with RepairTools(settings, installs) as tools:
                yield from [_repaired(finding, tools) for finding in found]
    finally:
        library.forget()


def _findings(check: Check, library: LibraryState) -> list[Finding]:
    try:
        return list(check.find(library))
    except ModelKeepError as error:
        message = f"The check {check.name} failed: {error}"
        return [Finding("unchecked", check.name, message, hint_of(error), Severity.ERROR)]


def _repaired(finding: Finding, tools: RepairTools) -> Finding:
    if finding.repair is None:
        return finding
    try:
        finding.repair(tools)
    except ModelKeepError as error:
        message = f"{finding.message}. The repair failed: {error}"
        return replace(finding, message=message, hint=hint_of(error) or finding.hint)
    return replace(finding, is_fixed=True)

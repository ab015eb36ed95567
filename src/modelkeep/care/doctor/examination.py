"""The examination: all checks, one after the other, each with its repairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modelkeep.care.doctor.checks import CHECKS
from modelkeep.care.doctor.finding import Check, Finding, Severity
from modelkeep.care.doctor.patient import Patient
from modelkeep.care.doctor.workshop import Workshop
from modelkeep.errors import ModelKeepError, hint_of
from modelkeep.settings import Settings


def examine(
    settings: Settings, *, fix: bool = False, checks: tuple[Check, ...] = CHECKS
) -> Iterator[Finding]:
    """Look for everything that is out of order in a library, however broken it is.

    Args:
        settings: Of its root.
        fix: Put in order what can be. Without it nothing is changed on the disk.
        checks: What to look for, in this order.

    Yields:
        Each finding, once it is known whether it could be put in order.
    """
    patient = Patient(settings)
    try:
        for check in checks:
            found = _findings(check, patient)
            if not (fix and any(finding.repair for finding in found)):
                yield from found
                continue
            patient.forget()  # files that are held open cannot be replaced
            with Workshop(settings) as workshop:
                yield from [_repaired(finding, workshop) for finding in found]
    finally:
        patient.forget()


def _findings(check: Check, patient: Patient) -> list[Finding]:
    try:
        return list(check(patient))
    except ModelKeepError as error:
        name = check.__module__.rpartition(".")[2]
        message = f"The check of {name} could not be made: {error}"
        return [Finding("unchecked", name, message, hint_of(error), Severity.ERROR)]


def _repaired(finding: Finding, workshop: Workshop) -> Finding:
    if finding.repair is None:
        return finding
    try:
        finding.repair(workshop)
    except ModelKeepError as error:
        message = f"{finding.message}. It could not be put in order: {error}"
        return replace(finding, message=message, hint=hint_of(error) or finding.hint)
    return replace(finding, is_fixed=True)

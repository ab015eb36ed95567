"""``doctor``: what is out of order in the library."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.session import Session
from modelkeep.errors import EXIT_DONE, EXIT_FAILED

if TYPE_CHECKING:
    from modelkeep.care.doctor.finding import Finding


def doctor(
    ctx: typer.Context,
    fix: Annotated[
        bool, typer.Option("--fix", help="Put in order what can be; no file of a model is removed.")
    ] = False,
) -> int:
    """Look for what is out of order: leftovers, orphans, missing and changed files, databases."""
    from modelkeep.app.examination import examine

    session = ctx.ensure_object(Session)
    counts: Counter[str] = Counter()
    is_left = False
    for finding in examine(session.settings, fix=fix):
        is_left |= finding.is_left
        counts["fixed" if finding.is_fixed else finding.severity.value] += 1
        counts["fixable"] += finding.repair is not None and finding.is_left
        _tell(session, finding)
    if not session.json:
        _sum_up(session, counts, fix=fix)
    return EXIT_FAILED if is_left else EXIT_DONE


def _tell(session: Session, finding: Finding) -> None:
    if session.json:
        session.print_json(finding.to_json())
    elif session.quiet:
        if finding.is_left:
            session.print(finding.subject)
    else:
        word = "fixed" if finding.is_fixed else finding.severity.value
        session.print(f"{word}: {finding.message}")
        if finding.hint and not finding.is_fixed:
            session.print(f"    {finding.hint}")


def _sum_up(session: Session, counts: Counter[str], *, fix: bool) -> None:
    told = [f"{counts[word]} {word}(s)" for word in ("error", "warning", "note") if counts[word]]
    if counts["fixed"]:
        told.append(f"{counts['fixed']} fixed")
    session.say(", ".join(told) + "." if told else "Everything is in order.")
    if counts["fixable"] and not fix:
        session.say(f"{counts['fixable']} can be put in order with: modelkeep doctor --fix")

"""``doctor``: check and repair the library."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app.outcomes import EXIT_DONE, EXIT_FAILED
from modelkeep.cli.session import Session


def doctor(
    ctx: typer.Context,
    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what can be repaired; no model files are removed.")
    ] = False,
) -> int:
    """Check the library: leftovers, orphans, missing and changed files, databases."""
    from modelkeep.app.doctor import Diagnosis, examine, text_of

    session = ctx.ensure_object(Session)
    diagnosis = Diagnosis()
    for finding in examine(session.settings, fix=fix):
        diagnosis.add(finding)
        if session.json:
            session.print_json(finding.to_json())
        elif not session.quiet:
            session.print(text_of(finding))
        elif finding.is_left:
            session.print(finding.subject)
    if not session.json:
        session.say(str(diagnosis))
        if diagnosis.fixable and not fix:
            session.say(f"{diagnosis.fixable} can be repaired with: modelkeep doctor --fix")
    return EXIT_FAILED if diagnosis.left else EXIT_DONE

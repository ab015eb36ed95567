"""``identify``: say what models are, changing nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app.outcomes import exit_status_of
from modelkeep.app.text import source_text
from modelkeep.cli.options import Sources, VerifyOption
from modelkeep.cli.session import Session


def identify(
    ctx: typer.Context,
    sources: Sources,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the evidence, also for rules that nearly match.")
    ] = False,
    verify: VerifyOption = None,
) -> int:
    """Show what models are, from headers and configs alone; nothing is changed or run."""
    from modelkeep.app.identify import answer as identify_one

    session = ctx.ensure_object(Session)
    if verify is not None:
        session.options["verify"] = verify
    failed = 0
    for source in sources:
        answer = identify_one(session.manager, source, explain=explain)
        failed += answer.found is None
        if session.json:
            session.print_json(answer.to_json())
            continue
        if answer.error is not None:
            session.report(answer.error, source_text(source))
        else:
            session.print(str(answer))
        for line in answer.reasons() if explain else ():
            session.print(line)
    return exit_status_of(failed, len(sources))

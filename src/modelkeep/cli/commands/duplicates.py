"""``duplicates``: models with the same bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.cli.progress import Bar, ByteCount
from modelkeep.cli.session import Session
from modelkeep.core.names import counted


def duplicates(
    ctx: typer.Context,
    same_name: Annotated[
        bool, typer.Option("--same-name", help="Models with the same name, whatever their bytes.")
    ] = False,
) -> None:
    """Find models with the same bytes, and what removing the extra ones would free."""
    from modelkeep.app import duplicates as queries

    session = ctx.ensure_object(Session)
    found = queries.search(session.manager, same_name=same_name)
    with Bar("compare", is_shown=not session.quiet) as bar:
        groups = queries.duplicates(found, ByteCount(bar, found.unread).add)
    for group in groups:
        if not session.quiet or group.key is not None:
            session.show(group)
    if found.passed:
        what = counted(found.passed, "model")
        session.say(f"{what} with missing or offline files could not be compared.")
    if session.json or session.quiet:
        return
    if groups:
        session.say(queries.total_text(groups))
    else:
        session.say(f"No models with the same {'name' if same_name else 'bytes'}.")

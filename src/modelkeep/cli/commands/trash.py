"""``trash``: removed models, until they are restored or gone."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.cli.output import table, time_text
from modelkeep.cli.session import Session
from modelkeep.cli.words import Yes, status_of
from modelkeep.core.names import size_text
from modelkeep.errors import EXIT_FAILED, ModelKeepError, UsageError


def list_trash(ctx: typer.Context) -> None:
    """List what is in the trash."""
    session = ctx.ensure_object(Session)
    entries = session.manager.installer.trash()
    if session.json:
        for entry in entries:
            session.print_json(entry.to_json())
    elif session.quiet:
        for entry in entries:
            session.print(entry.key)
    elif entries:
        rows = [
            (e.key[:8], e.name, size_text(e.size), time_text(e.removed_at), time_text(e.expires_at))
            for e in entries
        ]
        table(session, ("KEY", "NAME", "SIZE", "REMOVED", "KEPT UNTIL"), rows)
        total = sum(entry.size for entry in entries)
        session.say(f"{size_text(total)} are freed when space is needed, or with: trash empty")
    else:
        session.say("The trash is empty.")


def restore(
    ctx: typer.Context,
    models: Annotated[list[str], typer.Argument(metavar="MODEL", help="Key, prefix or name.")],
) -> int:
    """Bring models back from the trash."""
    session = ctx.ensure_object(Session)
    failed = 0
    for name in models:
        try:
            session.print_models([session.manager.installer.restore(name)])
        except ModelKeepError as error:
            failed += 1
            session.report(error, name)
    return status_of(failed, len(models))


def empty(ctx: typer.Context, yes: Yes = False) -> int:
    """Remove for good what is in the trash."""
    session = ctx.ensure_object(Session)
    installer = session.manager.installer
    entries = installer.trash()
    total = size_text(sum(entry.size for entry in entries))
    if entries and not yes:
        if not session.can_ask:
            raise UsageError("Emptying the trash cannot be undone", hint="Add --yes to do it.")
        if not session.confirm(f"Remove {len(entries)} model(s), {total}, for good?"):
            session.say("The trash is as it was.")
            return EXIT_FAILED
    failed = 0
    for entry in entries:
        try:
            installer.purge(entry)
        except ModelKeepError as error:
            failed += 1
            session.report(error, entry.name)
            continue
        if session.json:
            session.print_json(entry.to_json())
        elif session.quiet:
            session.print(entry.key)
    if not failed:
        session.say(f"Removed {len(entries)} model(s), {total}.")
    return status_of(failed, len(entries))

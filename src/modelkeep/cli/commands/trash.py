"""``trash``: removed models, until they are restored or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.app import trash
from modelkeep.app.library import ModelPage
from modelkeep.app.outcomes import EXIT_FAILED, exit_status_of
from modelkeep.cli.commands.listing import print_page
from modelkeep.cli.options import Yes
from modelkeep.cli.session import Session
from modelkeep.core.names import counted, size_text
from modelkeep.errors import UsageError

if TYPE_CHECKING:
    from modelkeep.library.trash import TrashEntry


def list_trash(ctx: typer.Context) -> None:
    """List the contents of the trash."""
    session = ctx.ensure_object(Session)
    found = trash.entries(session.manager)
    session.show_all(found, lambda: trash.table(found), nothing="The trash is empty.")
    if found and not session.json:
        frees = size_text(trash.freed(found))
        session.say(
            f"Emptying the trash frees {frees}. This happens when space is needed, or with:"
            " modelkeep trash empty"
        )


def restore(
    ctx: typer.Context,
    models: Annotated[list[str], typer.Argument(metavar="MODEL", help="Key, prefix or name.")],
) -> int:
    """Restore models from the trash."""
    session = ctx.ensure_object(Session)

    def one(name: str) -> None:
        print_page(session, ModelPage((trash.restore(session.manager, name),)))

    return exit_status_of(session.each(models, one), len(models))


def empty(ctx: typer.Context, yes: Yes = False) -> int:
    """Permanently delete the contents of the trash."""
    session = ctx.ensure_object(Session)
    found = trash.entries(session.manager)
    models, frees = counted(len(found), "model"), size_text(trash.freed(found))
    if found and not yes:
        if not session.can_ask:
            raise UsageError("Emptying the trash cannot be undone", hint="Add --yes to confirm.")
        if not session.confirm(f"Permanently delete {models}, which frees {frees}?"):
            session.say("Nothing was deleted.")
            return EXIT_FAILED

    def one(entry: TrashEntry) -> None:
        trash.purge(session.manager, entry)
        if session.json or session.quiet:
            session.show(entry)

    failed = session.each(found, one, "{0.name}")
    if not failed:
        session.say(f"Deleted {models}, which freed {frees}.")
    return exit_status_of(failed, len(found))

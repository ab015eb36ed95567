"""``db``: the schema version of the catalogue, upgrading it, and backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelkeep.cli.session import Session


def version(ctx: typer.Context) -> None:
    """Show the current and the required schema version of the catalogue; change nothing."""
    from modelkeep.app import catalogue

    session = ctx.ensure_object(Session)
    found = catalogue.version(session.settings)
    session.show(found)
    if not session.json and not session.quiet:
        session.say(found.advice)


def upgrade(ctx: typer.Context) -> None:
    """Back up the catalogue and upgrade it to the current schema."""
    from modelkeep.app import catalogue

    session = ctx.ensure_object(Session)
    done = catalogue.upgrade(session.settings)
    if session.json or done.backup is not None:
        session.show(done)
    else:
        session.say(str(done))
    if done.way_back and not session.json:
        session.say(done.way_back)


def backup(
    ctx: typer.Context,
    to: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="A new file or a folder (default: beside the catalogue).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Back up the catalogue, also while other programs use it."""
    from modelkeep.app import catalogue

    session = ctx.ensure_object(Session)
    done = catalogue.back_up(session.settings, to.expanduser() if to else None)
    session.show(done)
    if not session.json:
        session.say(done.way_back)

"""``modelkeep`` alone: what is in the library and what to type next."""

from __future__ import annotations

import typer

from modelkeep import __version__
from modelkeep.cli.session import Session

_NEXT = (
    ("modelkeep identify FILE", "show what a model is; change nothing"),
    ("modelkeep install FILE", "copy a model into the library"),
    ("modelkeep install --inplace FILE", "register a model where it is"),
    ("modelkeep list", "list the models of the library"),
    ("modelkeep --help", "show all commands"),
)


def print_version(ctx: typer.Context) -> None:
    """Print the version and end."""
    ctx.ensure_object(Session).print(f"modelkeep {__version__}")
    raise typer.Exit


def overview(ctx: typer.Context) -> None:
    """Show what is in the library and what to type next."""
    from modelkeep.app.library import summary

    session = ctx.ensure_object(Session)
    found = summary(session.manager)
    if session.json:
        session.print_json(found.to_json())
        return
    session.print(f"modelkeep {__version__}")
    session.print(str(found))
    if found.models:
        session.print_table(found.table())
    session.print("\nNext:")
    for command, meaning in _NEXT:
        session.print(f"  {command:<34}{meaning}")

"""``access``: the tokens of the server, and links to log in with."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import access
from modelkeep.app.server_tokens import Rights
from modelkeep.cli.completion import complete_access, one_of
from modelkeep.cli.session import Session

_NEW_NAME = typer.Argument(metavar="NAME", help="How the token is called.", show_default=False)
_NAME = typer.Argument(
    metavar="NAME", autocompletion=complete_access, help="Name of a token.", show_default=False
)


def add(
    ctx: typer.Context,
    name: Annotated[str, _NEW_NAME],
    scope: Annotated[
        Rights,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            autocompletion=one_of(("read", "manage")),
            help="read: look at everything; manage: change it too.",
        ),
    ] = "read",
    expires: Annotated[
        str,
        typer.Option(
            "--expires",
            metavar="WHEN",
            help="A span such as 30d, a date such as 2030-01-31, or never.",
        ),
    ] = "never",
) -> None:
    """Make a token for the server and print it; it is not kept, only its hash."""
    session = ctx.ensure_object(Session)
    session.show(access.add(session.settings, name, scope, access.read_expiry(expires)))
    session.say("Store the token now: it is not shown again.")


def list_access(ctx: typer.Context) -> None:
    """List the named tokens with their scopes and when they end."""
    session = ctx.ensure_object(Session)
    found = access.entries(session.settings)
    nothing = "No named tokens. Make one with: modelkeep access add NAME"
    session.show_all(found, lambda: access.table(found), nothing=nothing)


def remove(ctx: typer.Context, name: Annotated[str, _NAME]) -> None:
    """Remove a token; a running server does not accept it any more."""
    session = ctx.ensure_object(Session)
    session.show(access.remove(session.settings, name))


def link(
    ctx: typer.Context,
    name: Annotated[str | None, _NAME] = None,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of the server (default: of the one that runs, else of the settings).",
        ),
    ] = None,
) -> None:
    """Print a link that logs a browser in, once and within ten minutes.

    It gives the rights of a token, or all without a name.
    """
    from modelkeep.web.neighbours import own_servers

    session = ctx.ensure_object(Session)
    running = [server.url for server in own_servers(session.settings.root)]
    there = address or next(iter(running), None)
    session.show(access.link(session.settings, name, there))

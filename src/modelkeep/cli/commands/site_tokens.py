"""``token``: the tokens for the sites that models come from."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import tokens
from modelkeep.app.outcomes import EXIT_FAILED
from modelkeep.cli.completion import complete_site
from modelkeep.cli.session import Session
from modelkeep.cli.tokens import ask_token, read_token
from modelkeep.core.names import shown
from modelkeep.errors import UsageError

SiteName = Annotated[
    str,
    typer.Argument(
        metavar="SITE", autocompletion=complete_site, help="Such as huggingface or civitai."
    ),
]


def set_token(
    ctx: typer.Context,
    site: SiteName,
    token: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOKEN]",
            help="- reads standard input, @FILE a file (default: prompt).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Store a token for a site, in a file that only you can read."""
    session = ctx.ensure_object(Session)
    given = read_token(session, token, f"token set {site} ")
    if given is None:
        if not session.can_ask:
            raise UsageError(
                "No terminal to ask for the token",
                hint=f"Pass it on standard input: modelkeep token set {site} -",
            )
        if page := tokens.page_for(session.manager, site):
            session.say(f"Create a token on {page}")
        given = ask_token(f"Token for {site} (hidden): ")
    stored = tokens.store(session.manager, site, given)
    session.show(stored)
    if stored.used_before:
        session.say(f"The one from {stored.used_before} takes precedence.")


def list_tokens(ctx: typer.Context) -> None:
    """List the available tokens with their sites, origins and last characters."""
    session = ctx.ensure_object(Session)
    found = tokens.tokens(session.manager)
    if session.quiet and not session.json:
        for name in dict.fromkeys(one.key for one in found):
            session.print(name)
        return
    nothing = "No tokens. Store one with: modelkeep token set SITE"
    session.show_all(found, lambda: tokens.table(found), nothing=nothing)


def remove(ctx: typer.Context, site: SiteName) -> int | None:
    """Delete the stored token of a site."""
    session = ctx.ensure_object(Session)
    removed = tokens.remove(session.manager, site)
    if removed is None:
        folder = shown(session.manager.tokens.folder)
        session.complain(f"No token for {site} in {folder}")
        return EXIT_FAILED
    session.show(removed)
    if removed.still_used:
        session.say(f"The one from {removed.still_used} is still used.")
    return None

"""``token``: the tokens for the sites that models come from."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.cli.output import table
from modelkeep.cli.session import Session
from modelkeep.cli.tokens import ask_token, read_token
from modelkeep.core.names import path_to_text, shown
from modelkeep.errors import EXIT_FAILED, ModelKeepError, UsageError


def complete_site(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of sites that begin with what was typed."""
    from modelkeep.settings import Settings
    from modelkeep.sources.tokens import SiteTokens

    root = ctx.find_root().params.get("root") or ctx.params.get("root")
    try:
        names = SiteTokens(Settings.load(root=root)).names
    except (ModelKeepError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]


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
            help="- reads it from standard input, @FILE from a file; asked for when left out.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Keep a token for a site, in a file that only you can read."""
    session = ctx.ensure_object(Session)
    tokens = session.manager.tokens
    given = read_token(session, token, f"token set {site} ")
    if given is None:
        if not session.can_ask:
            raise UsageError(
                "There is no terminal to ask for the token on",
                hint=f"Give it on standard input: modelkeep token set {site} -",
            )
        page = next((each.key_page for each in tokens.sites if each.name == site), "")
        if page:
            session.say(f"Tokens are made on {page}")
        given = ask_token(f"Token for {site} (not shown): ")
    path = tokens.set(site, given)
    if session.json:
        session.print_json({"site": site, "path": path_to_text(path)})
    elif session.quiet:
        session.print(site)
    else:
        session.print(f"The token for {site} is kept in {shown(path)}")
    used = tokens.find(site)
    if used is not None and used.where != shown(path):
        session.say(f"The one from {used.where} is used before it.")


def list_tokens(ctx: typer.Context) -> None:
    """List the tokens that are found: of which site, where each comes from, how it ends."""
    session = ctx.ensure_object(Session)
    held = session.manager.tokens.list()
    if session.json:
        for each in held:
            session.print_json({"site": each.site, "from": each.where, "ends_with": each.ending})
    elif session.quiet:
        for name in dict.fromkeys(each.site for each in held):
            session.print(name)
    elif held:
        rows = [
            (each.site, each.where, f"...{each.ending}" if each.ending else "") for each in held
        ]
        table(session, ("SITE", "FROM", "ENDS WITH"), rows)
    else:
        session.say("There are no tokens. Keep one with: modelkeep token set SITE")


def remove(ctx: typer.Context, site: SiteName) -> int | None:
    """Forget the token that is kept for a site."""
    session = ctx.ensure_object(Session)
    tokens = session.manager.tokens
    if not tokens.remove(site):
        session.complain(f"No token for {site} is kept in {shown(tokens.folder)}")
        return EXIT_FAILED
    if session.json:
        session.print_json({"site": site})
    else:
        session.print(site if session.quiet else f"The token for {site} is forgotten.")
    if (left := tokens.find(site)) is not None:
        session.say(f"The one from {left.where} is still used.")
    return None

"""``search``: search the sites; ``install 3`` installs the third result."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.cli.completion import complete_site
from modelkeep.cli.options import BaseOption, TypeOption
from modelkeep.cli.session import Session


def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="Words to search for.")],
    site: Annotated[
        str | None,
        typer.Option(
            metavar="SITE",
            autocompletion=complete_site,
            help="Only this site, such as huggingface or civitai.",
        ),
    ] = None,
    type_: TypeOption = None,
    base: BaseOption = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="At most N results per site.")
    ] = 20,
) -> None:
    """Search the sites for models; install one by its number: modelkeep install 3."""
    from modelkeep.app import search as searching

    session = ctx.ensure_object(Session)
    text = " ".join(words)
    hits = searching.search(session.manager, text, site, type=type_, base=base, limit=limit)
    nothing = f"No results for {text!r}."
    session.show_all(hits, lambda: searching.table(hits), nothing=nothing)
    if hits and not session.json:
        session.say("Install one by number: modelkeep install 1")
    if problem := searching.remember(session.manager, text, hits):
        session.say(problem)

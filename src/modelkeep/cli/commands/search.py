"""``search``: what the sites have, numbered so that ``install 3`` takes the third."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.commands.site_tokens import complete_site
from modelkeep.cli.output import table
from modelkeep.cli.session import Session, message_of
from modelkeep.cli.words import BaseOption, TypeOption
from modelkeep.core.names import size_text
from modelkeep.errors import StorageError

if TYPE_CHECKING:
    from modelkeep.sources.site import SearchResult


def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What is looked for.")],
    site: Annotated[
        str | None,
        typer.Option(
            metavar="SITE",
            autocompletion=complete_site,
            help="Only here, such as huggingface or civitai.",
        ),
    ] = None,
    type_: TypeOption = None,
    base: BaseOption = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="So many of each site at most.")
    ] = 20,
) -> None:
    """Look for models on the sites; install one by its number: modelkeep install 3."""
    session = ctx.ensure_object(Session)
    told = {"type": type_, "base": base, "limit": limit}
    filters = {name: str(value) for name, value in told.items() if value is not None}
    text = " ".join(words)
    found = session.manager.sites.search(text, site, filters)
    if session.json:
        for number, each in enumerate(found, 1):
            session.print_json(_line(number, each))
    elif session.quiet:
        for each in found:
            session.print(each.source)
    elif found:
        _show(session, found)
    else:
        session.say(f"Nothing was found for {text!r}.")
    _remember(session, text, found)


def _show(session: Session, found: Sequence[SearchResult]) -> None:
    rows = [
        (
            str(number),
            each.name,
            each.author,
            each.type_hint or "-",
            each.base_hint or "-",
            size_text(each.size),
            f"{each.downloads:,}" if each.downloads is not None else "-",
            each.source,
        )
        for number, each in enumerate(found, 1)
    ]
    table(session, ("#", "NAME", "BY", "TYPE", "BASE", "SIZE", "FETCHED", "SOURCE"), rows)
    session.say("Take one by its number, such as: modelkeep install 1")


def _remember(session: Session, words: str, found: Sequence[SearchResult]) -> None:
    from modelkeep.sources.last_search import remember_search

    try:
        remember_search(session.settings, words, found)
    except StorageError as error:
        session.say(f"The numbers are not remembered: {message_of(error)}")


def _line(number: int, found: SearchResult) -> dict[str, object]:
    return {
        "number": number,
        "source": found.source,
        "name": found.name,
        "author": found.author,
        "site": found.site,
        "type": found.type_hint,
        "base": found.base_hint,
        "size": found.size,
        "downloads": found.downloads,
        "page": found.page,
    }

"""``list``: the models of the library, filtered, sorted, paged and counted."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from modelkeep.app import library
from modelkeep.app.query import ModelQuery
from modelkeep.cli.completion import complete_model
from modelkeep.cli.options import BasesOption, FormatsOption, TypesOption
from modelkeep.cli.session import Session
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import UsageError

TagOption = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Has this tag; may be repeated.")
]
SearchOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="Search name, description, tags, trigger phrases and author."
    ),
]
RootOption = Annotated[
    list[str] | None,
    typer.Option("--in", metavar="ROOT", help="In this root; the library's own root is models."),
]
StateOption = Annotated[
    list[RecordState] | None,
    typer.Option(
        "--state", metavar="STATE", help="State when last checked: present, missing or changed."
    ),
]
SiteOption = Annotated[
    list[str] | None,
    typer.Option(
        "--site", metavar="SITE", help="From this site; also link and local. May be repeated."
    ),
]
LicenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--licence",
        metavar="NAME",
        help="Under this licence, as its site calls it; may be repeated.",
    ),
]
LineageOption = Annotated[
    list[str] | None,
    typer.Option(
        "--lineage", metavar="NAME", help="Tuned from this, such as pony; may be repeated."
    ),
]
SizeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CLASS",
        help="tiny (below 100 MB), small (1 GB), medium (5 GB), large (20 GB) or huge.",
    ),
]
UsedOption = Annotated[
    list[str] | None,
    typer.Option(metavar="HOW", help="never or loaded: whether it was ever loaded here."),
]
HashOption = Annotated[
    str | None,
    typer.Option(
        "--hash", metavar="HASH", help="With this sha256, BLAKE3 or sample hash, or its beginning."
    ),
]
ForOption = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="MODEL",
        autocompletion=complete_model,
        help="Only what works with this model: parts for a main model, main models for a part.",
    ),
]
SortOption = Annotated[
    Literal["relevance", "name", "size", "date", "type", "base"] | None,
    typer.Option(
        metavar="ORDER",
        help="name, size, date, type, base or relevance (the default with --search).",
    ),
]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="List at most N models.")]
AfterOption = Annotated[
    str | None,
    typer.Option(metavar="PAGE", help="With --limit: continue where an earlier page ended."),
]
MissingOption = Annotated[bool, typer.Option("--missing", help="Only models whose files are gone.")]
FacetsOption = Annotated[
    bool,
    typer.Option("--facets", help="Count models by type, base, format, tag, root, state and more."),
]


def list_models(
    ctx: typer.Context,
    type_: TypesOption = None,
    base: BasesOption = None,
    format_: FormatsOption = None,
    tag: TagOption = None,
    search: SearchOption = None,
    in_root: RootOption = None,
    state: StateOption = None,
    site: SiteOption = None,
    licence: LicenceOption = None,
    lineage: LineageOption = None,
    size: SizeOption = None,
    used: UsedOption = None,
    hash_: HashOption = None,
    for_: ForOption = None,
    sort: SortOption = None,
    limit: LimitOption = None,
    after: AfterOption = None,
    missing: MissingOption = False,
    facets: FacetsOption = False,
) -> None:
    """List the models of the library."""
    session = ctx.ensure_object(Session)
    query = ModelQuery.of(
        text=search,
        sort=sort,
        limit=limit,
        after=after,
        partner=for_,
        **{
            "type": type_,
            "base": base,
            "format": format_,
            "tag": tag,
            "in": in_root,
            "state": state,
            "site": site,
            "licence": licence,
            "lineage": lineage,
            "size": size,
            "used": used,
            "hash": [hash_] if hash_ else None,
        },
    )
    _refuse_together(query, missing=missing, facets=facets)
    if facets:
        _count(session, query)
    elif missing or session.json or query.partner:
        page = _page(session, query, missing=missing)
        print_page(session, page)
        _say_more(session, query, page, missing=missing)
    else:
        lines = library.lines(session.manager, query)
        _print_lines(session, lines)
        _say_more(session, query, lines)


def _refuse_together(query: ModelQuery, *, missing: bool, facets: bool) -> None:
    if missing and (facets or query.partner or query.after is not None):
        raise UsageError(
            "--missing checks the disk and cannot be used with --facets, --for or --after",
            hint="Use --state missing to list models found missing by the last check.",
        )
    if facets and query.partner:
        raise UsageError("--facets counts all models", hint="Leave out --facets or --for.")


def _page(session: Session, query: ModelQuery, *, missing: bool) -> library.ModelPage:
    if query.partner:
        from modelkeep.app import companions

        return companions.page(session.manager, query)
    return (library.missing if missing else library.page)(session.manager, query)


def _say_more(
    session: Session, query: ModelQuery, page: library.ModelLines, *, missing: bool = False
) -> None:
    if page.models or session.json or session.quiet:
        for note in page.notes:
            session.say(note)
    elif missing:
        session.say("No model is missing.")
    elif query.partner:
        session.say(f"Nothing in the library is known to work with {query.partner}.")
    elif not query.is_everything:
        session.say("No model matches. List all of them with: modelkeep list")
    elif query.after is None:
        session.say("The library is empty. Install a model with: modelkeep install FILE")
    if page.next is not None:
        session.say(f"More results: repeat the command with --after {page.next}")


def print_page(session: Session, page: library.ModelPage) -> None:
    """Print models in the form that was asked for."""
    if session.json:
        for line in page.each_json():
            session.print_json(line)
    else:
        _print_lines(session, page)


def _print_lines(session: Session, lines: library.ModelLines) -> None:
    if session.quiet:
        for model in lines.models:
            session.print(model.key)
    elif lines.models:
        session.print_table(lines.table())


def _count(session: Session, query: ModelQuery) -> None:
    counts = library.facets(session.manager, query.where)
    if session.json:
        for line in counts.each_json():
            session.print_json(line)
    elif not session.quiet:
        session.print_table(counts.table())
        session.say(f"{counts.facets.total:,} models in all.")

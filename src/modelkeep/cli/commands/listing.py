"""``list``: the models of the library, filtered, sorted, paged and counted."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from modelkeep.cli.output import table
from modelkeep.cli.session import Session
from modelkeep.cli.words import BaseOption, FormatOption, TypeOption
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.core.taxonomy import BaseModelType, ModelType, RecordState, type_label
from modelkeep.errors import UsageError
from modelkeep.identification.known_families import base_label
from modelkeep.records.listing import RecordFilter, SearchOrder

#: What a person sees for a value of a facet, where that is not the value.
_LABELS: dict[str, Callable[[str], str]] = {
    "type": lambda value: type_label(ModelType(value)),
    "base": lambda value: base_label(BaseModelType(value)),
}


class SortOrder(StrEnum):
    """What a list is sorted by."""

    RELEVANCE = "relevance"
    NAME = "name"
    SIZE = "size"
    DATE = "date"
    TYPE = "type"
    BASE = "base"


TagOption = Annotated[
    list[str] | None, typer.Option(metavar="TAG", help="Has this tag; may be repeated.")
]
SearchOption = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Words in name, description, tags, trigger phrases, author."),
]
RootOption = Annotated[
    str | None,
    typer.Option("--in", metavar="ROOT", help="In this root; models is the library's own."),
]
StateOption = Annotated[
    RecordState | None,
    typer.Option(metavar="STATE", help="As last seen: present, missing or changed."),
]
SortOption = Annotated[
    SortOrder | None,
    typer.Option(
        metavar="ORDER",
        help="name, size, date, type, base or relevance (the default with --search).",
    ),
]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")]
AfterOption = Annotated[
    str | None,
    typer.Option(metavar="PAGE", help="With --limit: go on where an earlier page ended."),
]
MissingOption = Annotated[bool, typer.Option("--missing", help="Only models whose files are gone.")]
FacetsOption = Annotated[
    bool, typer.Option("--facets", help="Count them by type, base, format, tag, root, state.")
]


def list_models(
    ctx: typer.Context,
    type_: TypeOption = None,
    base: BaseOption = None,
    format_: FormatOption = None,
    tag: TagOption = None,
    search: SearchOption = None,
    in_root: RootOption = None,
    state: StateOption = None,
    sort: SortOption = None,
    limit: LimitOption = None,
    after: AfterOption = None,
    missing: MissingOption = False,
    facets: FacetsOption = False,
) -> None:
    """List the models of the library."""
    session = ctx.ensure_object(Session)
    where = RecordFilter(
        text=search or "",
        types=(type_.value,) if type_ else (),
        bases=(base.value,) if base else (),
        formats=(format_.value,) if format_ else (),
        tags=tuple(tag or ()),
        roots=() if in_root is None else (in_root,),
        states=(state.value,) if state else (),
    )
    if missing and (facets or after is not None):
        raise UsageError(
            "--missing looks at the disk and is neither counted nor paged",
            hint="--state missing goes by what was last seen.",
        )
    if after is not None and limit is None:
        raise UsageError("--after goes on with a page", hint="Add --limit, as for the one before.")
    if in_root is not None:
        _refuse_unknown_root(session, in_root)
    order: SearchOrder = sort.value if sort else "relevance" if search else "name"
    if facets:
        _count(session, where)
    elif missing:
        _list_missing(session, where, order, limit)
    else:
        _list(session, where, order, limit, after)


def offline_roots(session: Session, names: set[str]) -> dict[str, str]:
    """Return why roots other than that of installed models are offline, and how they come back."""
    presence = session.manager.presence if names - {MODELS_ROOT, NO_ROOT} else None
    if presence is None:
        return {}
    reasons = {name: presence.why_offline(name) for name in sorted(names - {MODELS_ROOT})}
    return {name: f"{why}. {presence.hint_for(name)}" for name, why in reasons.items() if why}


def _list(
    session: Session,
    where: RecordFilter,
    order: SearchOrder,
    limit: int | None,
    after: str | None,
) -> None:
    records, following = session.manager.records, None
    if limit is None:
        found = list(records.each(where, order=order))
    else:
        page = records.page(where, order=order, limit=limit, after=after)
        found, following = page.items, page.next
    if found or session.json or session.quiet:
        offline = offline_roots(session, {model.root for model in found})
        session.print_models(found, offline)
        for name, why in offline.items():
            count = sum(model.root == name for model in found)
            session.say(f"{count} of them are offline, in {name}: {why}")
    elif where != RecordFilter():
        session.say("No model is like that. All of them: modelkeep list")
    elif after is None:
        session.say("No model is here. Put one in with: modelkeep install FILE")
    if following is not None:
        session.say(f"There are more: the same command with --after {following}")


def _list_missing(
    session: Session, where: RecordFilter, order: SearchOrder, limit: int | None
) -> None:
    from modelkeep.library.condition import Condition, survey

    seen = survey(session.manager.presence)
    gone = {key for key, model in seen.items() if model.condition is Condition.MISSING}
    each = session.manager.records.each(where, order=order)
    found = list(islice((model for model in each if model.key in gone), limit))
    if found or session.json or session.quiet:
        session.print_models(found)
    else:
        session.say("No model is missing.")


def _count(session: Session, where: RecordFilter) -> None:
    """Print how many models have each value, the most frequent first."""
    facets = session.manager.records.facets(where)
    rows = [
        (name, value, count)
        for name, counts in facets.counts.items()
        for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    if session.json or session.quiet:
        for name, value, count in rows:
            if session.json:
                session.print_json({"facet": name, "value": value, "count": count})
        return
    table(
        session,
        ("FACET", "VALUE", "MODELS"),
        [(name, _label(name, value), f"{count:,}") for name, value, count in rows],
    )
    session.say(f"{facets.total:,} models in all.")


def _refuse_unknown_root(session: Session, name: str) -> None:
    records = session.manager.records
    names = {
        MODELS_ROOT,
        *records.roots.named,
        *records.facets(RecordFilter(), ["root"]).counts["root"],
    }
    if name not in names | {NO_ROOT}:
        known = ", ".join(sorted(names - {NO_ROOT}))
        raise UsageError(f"No root is called {name!r}", hint=f"Roots are: {known}")


def _label(facet: str, value: str) -> str:
    if facet == "root" and value == NO_ROOT:
        return "(in no root)"
    label = _LABELS.get(facet)
    return label(value) if label else value

"""``enrich``: what sites say about models that are here already, asked for by hash."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.output import Bar, table
from modelkeep.cli.session import Session
from modelkeep.cli.words import DryRun, Yes, complete_model, complete_root, status_of
from modelkeep.core.names import size_text
from modelkeep.errors import EXIT_INTERRUPTED, ModelKeepError, UsageError

if TYPE_CHECKING:
    from modelkeep.enrich.enricher import Enricher, EnrichPlan
    from modelkeep.enrich.report import Enriched, Question

#: Models of one kind that are listed for people where all of them were asked for.
_LISTED = 20
_WORDS = (
    ("found", "found"),
    ("not-there", "not there"),
    ("unchanged", "unchanged"),
    ("failed", "failed"),
    ("skipped", "skipped"),
    ("offline", "offline"),
)


def enrich(
    ctx: typer.Context,
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            autocompletion=complete_model,
            help="Key, unique key prefix, unique name or path.",
            show_default=False,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All models of the library.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROOT",
            autocompletion=complete_root,
            help="Leave out the models of this root; may be given several times.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also what was asked in the last 30 days."),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Ask sites about models by their hashes, and fill in what nobody has written."""
    session = ctx.ensure_object(Session)
    if bool(models) == all_:
        raise UsageError("Say which models", hint="Name some, or all of them with --all.")
    keys = _keys_of(session, models) if models else None
    unknown = len(models or ()) - len(keys or ())
    enricher = session.manager.enricher
    plan = enricher.plan(keys, without=without or (), again=again)
    if dry_run:
        _tell_plan(session, plan)
        return 0
    status = _run(session, enricher, plan, yes=yes, is_all=all_)
    return status_of(unknown, unknown + len(keys or ())) if unknown and not status else status


def _keys_of(session: Session, names: list[str]) -> list[str]:
    """Return the keys of the models that people mean; names that mean none are told."""
    keys: list[str] = []
    for name in names:
        try:
            keys.append(session.manager.find(name).key)
        except ModelKeepError as error:
            session.report(error, name)
    return keys


def _run(session: Session, enricher: Enricher, plan: EnrichPlan, *, yes: bool, is_all: bool) -> int:
    counts: Counter[str] = Counter()
    telling: list[Enriched] = []
    is_whole = True
    with Bar("read", is_shown=not session.quiet) as bar:
        read = 0

        def count(size: int) -> None:
            nonlocal read
            read = min(read + size, plan.unread_bytes)
            bar.show(read, plan.unread_bytes)

        def allow(question: Question) -> bool:
            bar.hide()
            return yes or _asks(session, enricher, question)

        with closing(enricher.run(plan, allow, count)) as outcomes:
            try:
                for one in outcomes:
                    counts[one.status.value] += 1
                    _tell(session, one, bar)
                    if _is_listed(one, counts, is_all=is_all):
                        telling.append(one)
            except KeyboardInterrupt:
                is_whole = False
    if not session.json and not session.quiet:
        _tell_sum(session, telling, counts)
    if not is_whole:
        session.say("\nInterrupted; what was done is kept. The same command goes on with the rest.")
        return EXIT_INTERRUPTED
    return status_of(counts["failed"], counts.total())


def _asks(session: Session, enricher: Enricher, question: Question) -> bool:
    """Ask a person whether a site may get hashes, and remember a yes."""
    if not session.can_ask:
        raise UsageError(
            f"{question.label} ({question.address}) was never allowed to get hashes of your files",
            hint="--yes allows it this once; --dry-run says what would be sent.",
        )
    unread = f", and of {question.unread:,} more once they are read" if question.unread else ""
    session.say(
        f"{question.label} ({question.address}) would get the sha256 of {question.hashes:,} of your"
        f" files{unread}. By them it can tell which of its models you have."
    )
    if not session.confirm("Ask it, now and whenever you call enrich?"):
        return False
    enricher.remember(question.site)
    return True


def _is_listed(one: Enriched, counts: Counter[str], *, is_all: bool) -> bool:
    """Tell whether people see a model by its name, beside its being counted."""
    return not is_all or (
        one.status.value in {"found", "failed"} and counts[one.status.value] <= _LISTED
    )


def _tell(session: Session, one: Enriched, bar: Bar) -> None:
    if session.json:
        bar.hide()
        session.print_json(one.to_json())
    elif session.quiet and one.status.value == "found":
        session.print(one.key)


def _tell_sum(session: Session, telling: list[Enriched], counts: Counter[str]) -> None:
    rows = [
        (
            one.key[:8],
            one.name,
            dict(_WORDS)[one.status.value],
            one.source or one.site or "-",
            ", ".join(one.changed) or one.detail or "-",
        )
        for one in telling
    ]
    if rows:
        table(session, ("KEY", "NAME", "STATUS", "SOURCE", "FILLED IN"), rows)
    words = [f"{n:,} {word}" for status, word in _WORDS if (n := counts[status])]
    session.print(f"{counts.total():,} model(s): {', '.join(words) or 'none'}")


def _tell_plan(session: Session, plan: EnrichPlan) -> None:
    if session.json:
        session.print_json(plan.to_json())
        return
    if session.quiet:
        for one in (*plan.known, *plan.unread):
            session.print(one.key)
        return
    rows = [
        (q.label, q.address, f"{q.hashes:,}", f"{q.unread:,}", "yes" if q.is_allowed else "not yet")
        for q in plan.questions
    ]
    if rows:
        table(session, ("SITE", "ADDRESS", "HASHES", "TO READ FIRST", "ALLOWED"), rows)
    else:
        session.print("No site would be asked.")
    if plan.unread:
        session.print(f"{size_text(plan.unread_bytes)} would be read first.")
    reasons = Counter(one.detail or one.status.value for one in plan.settled)
    for why, count in reasons.most_common():
        session.print(f"{count:,} not asked about: {why}")

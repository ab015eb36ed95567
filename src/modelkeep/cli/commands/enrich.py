"""``enrich``: add metadata from sites, looked up by hash."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of
from modelkeep.cli.completion import complete_root
from modelkeep.cli.options import AllModels, DryRun, OptionalModels, Yes
from modelkeep.cli.progress import Bar
from modelkeep.cli.session import Session
from modelkeep.errors import UsageError

if TYPE_CHECKING:
    from modelkeep.enrich.enricher import EnrichPlan
    from modelkeep.enrich.report import Question


def enrich(
    ctx: typer.Context,
    models: OptionalModels = None,
    all_: AllModels = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROOT",
            autocompletion=complete_root,
            help="Skip the models of this root; may be repeated.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Ask again, even within 30 days."),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Look up models on sites by their hashes, and fill in fields that you have not edited."""
    from modelkeep.app import enrich as enriching

    session = ctx.ensure_object(Session)
    if bool(models) == all_:
        raise UsageError("Name models, or pass --all")
    keys: list[str] = []
    unknown = session.each(models or (), lambda name: keys.append(session.manager.find(name).key))
    plan = enriching.plan(
        session.manager, keys if models else None, without=without or (), again=again
    )
    if dry_run:
        _print_plan(session, plan)
        return 0
    status = _run(session, plan, yes=yes, is_all=all_)
    return exit_status_of(unknown, unknown + len(keys)) if unknown and not status else status


def _run(session: Session, plan: EnrichPlan, *, yes: bool, is_all: bool) -> int:
    from modelkeep.app.enrich import EnrichReport

    report, is_whole = EnrichReport(is_all), True
    with Bar("read", is_shown=not session.quiet) as bar:
        read = 0

        def count(size: int) -> None:
            nonlocal read
            read = min(read + size, plan.unread_bytes)
            bar.show(read, plan.unread_bytes)

        def allow(question: Question) -> bool:
            bar.hide()
            return yes or _ask(session, question)

        with closing(session.manager.enricher.run(plan, allow, count)) as outcomes:
            try:
                for one in outcomes:
                    report.add(one)
                    if session.json:
                        bar.hide()
                        session.print_json(one.to_json())
                    elif session.quiet and one.status.value == "found":
                        session.print(one.key)
            except KeyboardInterrupt:
                is_whole = False
    if not session.json and not session.quiet:
        if report.listed:
            session.print_table(report.table())
        session.print(str(report))
    if not is_whole:
        session.say("\nInterrupted; finished work is kept. Run the command again to continue.")
        return EXIT_INTERRUPTED
    return exit_status_of(report.counts["failed"], report.counts.total())


def _ask(session: Session, question: Question) -> bool:
    """Ask a person whether a site may get hashes, and remember a yes."""
    from modelkeep.app.enrich import not_allowed, question_text

    if not session.can_ask:
        raise not_allowed(question)
    session.say(question_text(question))
    if not session.confirm("Send them, now and whenever you run enrich?"):
        return False
    session.manager.enricher.remember(question.site)
    return True


def _print_plan(session: Session, plan: EnrichPlan) -> None:
    from modelkeep.app.enrich import plan_notes, plan_table

    if session.json:
        session.print_json(plan.to_json())
    elif session.quiet:
        for one in (*plan.known, *plan.unread):
            session.print(one.key)
    else:
        if plan.questions:
            session.print_table(plan_table(plan))
        else:
            session.print("No site would be asked.")
        for note in plan_notes(plan):
            session.print(note)

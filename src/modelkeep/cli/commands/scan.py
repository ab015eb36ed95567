"""``scan`` and ``sync``: find models in folders, and update the library after changes on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.app.outcomes import EXIT_DONE, EXIT_INTERRUPTED, EXIT_SOME_FAILED, exit_status_of
from modelkeep.cli.options import Yes
from modelkeep.cli.progress import StatusLine
from modelkeep.cli.session import Session
from modelkeep.library.destination import LinkMode

if TYPE_CHECKING:
    from modelkeep.app.scan import ScanReport
    from modelkeep.scan.report import ScanFinding, ScanSummary


def scan(
    ctx: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[DIR]",
            help="A folder, a file or a root name (default: all roots).",
            show_default=False,
        ),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register the models where they are.")
    ] = False,
    install: Annotated[
        bool, typer.Option("--install", help="Copy the models into the library.")
    ] = False,
    link: Annotated[
        LinkMode | None,
        typer.Option(
            metavar="HOW",
            help="With --install: copy (the default), move, hardlink or reflink.",
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Layout of the folder: comfyui, a1111, invokeai, hf-cache, plain ...; detected by"
            " default.",
        ),
    ] = None,
) -> int:
    """Find models in a folder; change nothing unless asked to register or install."""
    from modelkeep.app import scan as scanning

    session = ctx.ensure_object(Session)
    request = scanning.ScanRequest(what, register, install, link, layout)
    with StatusLine(is_shown=not session.quiet) as line:
        found = scanning.scan(session.manager, request, _watcher(line))
        is_whole, report = _go_through(session, found, line)
    summary = found.summary
    if not session.json and not session.quiet:
        if summary.kinds:
            session.print_table(scanning.kinds_table(summary))
        session.print(scanning.scanned_text(summary))
        _print_rest(session, summary, report)
        for step in scanning.next_steps(request, summary) if is_whole else ():
            session.say(step)
    else:
        _say_notes(session, summary)
    if not is_whole:
        kept = scanning.kept_text(request, summary)
        session.say(f"\nInterrupted{kept}. Continue with: {scanning.again(request)}")
        return EXIT_INTERRUPTED
    return exit_status_of(summary.failed, summary.candidates)


def sync(
    ctx: typer.Context,
    yes: Yes = False,
    all_: Annotated[
        bool, typer.Option("--all", help="List problems again that are known.")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="Accept unknown and unreadable files as they are, until they change."
        ),
    ] = False,
) -> int:
    """Update the library after changes on disk: new files, moved ones, missing ones."""
    from modelkeep.app import scan as scanning

    session = ctx.ensure_object(Session)
    with StatusLine(is_shown=not session.quiet) as line:

        def confirm(question: str) -> bool:
            line.hide()
            return yes or (session.can_ask and session.confirm(question))

        watch = _watcher(line)
        found = scanning.sync(session.manager, confirm, watch, again=all_, accept=accept)
        is_whole, report = _go_through(session, found, line)
    if not session.json and not session.quiet:
        session.print(scanning.synced_text(found.summary))
        _print_rest(session, found.summary, report)
        for note in scanning.sync_notes(session.manager, found.summary) if is_whole else ():
            session.say(note)
    else:
        _say_notes(session, found.summary)
    if not is_whole:
        session.say("\nInterrupted; finished work is kept. Run the command again to continue.")
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if found.is_news else EXIT_DONE


def _watcher(line: StatusLine) -> Callable[[ScanSummary], None]:
    from modelkeep.app.scan import progress_text

    return lambda summary: line.draw(lambda _: progress_text(summary))


def _go_through(
    session: Session, found: Iterable[ScanFinding], line: StatusLine
) -> tuple[bool, ScanReport]:
    """Print findings as they come; return whether that was all, and what people have to see."""
    from modelkeep.app.scan import ScanReport

    report = ScanReport()
    try:
        for finding in found:
            report.add(finding)
            if session.json:
                line.hide()
                session.print_json(finding.to_json())
            elif session.quiet and finding.key:
                session.print(finding.key)
    except KeyboardInterrupt:
        return False, report
    return True, report


def _print_rest(session: Session, summary: ScanSummary, report: ScanReport) -> None:
    for text in report.lines(summary):
        session.print(text)
    _say_notes(session, summary)


def _say_notes(session: Session, summary: ScanSummary) -> None:
    from modelkeep.app.scan import summary_notes

    for note in summary_notes(summary, verbose=session.verbose):
        session.say(note)

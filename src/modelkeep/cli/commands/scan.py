"""``scan`` and ``sync``: what models are on the disks, and the catalogue in step with them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Self

import typer

from modelkeep.cli.output import one_line, table
from modelkeep.cli.session import Session
from modelkeep.cli.words import Yes, status_of
from modelkeep.core.names import shown, size_text
from modelkeep.core.taxonomy import type_label
from modelkeep.errors import EXIT_INTERRUPTED, EXIT_SOME_FAILED, UsageError
from modelkeep.identification.known_families import base_label
from modelkeep.library.link import LinkMode
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary

#: Sidecars that could not be read and the like, of which there may be many.
_FEW_REMARKS = 3
#: Findings of one kind that are listed for people.
_LISTED = 20
_TELLING = (
    ScanStatus.UNKNOWN,
    ScanStatus.ERROR,
    ScanStatus.POSSIBLE,
    ScanStatus.CHANGED,
    ScanStatus.MISSING,
    ScanStatus.OFFLINE,
    ScanStatus.HELD,
)


def scan(
    ctx: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[DIR]",
            help="A folder, a file, or the name of a root; all roots when left out.",
            show_default=False,
        ),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Record the models where they are.")
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
            help="Whose folder it is: comfyui, a1111, invokeai, hf-cache, plain ...; recognised"
            " when left out.",
        ),
    ] = None,
) -> int:
    """Tell what models are in a folder; change nothing unless asked to register or install."""
    from modelkeep.scan.scanner import ScanAction

    session = ctx.ensure_object(Session)
    if register and install:
        raise UsageError("--register and --install exclude each other", hint="Choose one of them.")
    if link is not None and not install:
        raise UsageError("--link says how to install", hint="Add --install, or leave it out.")
    action = ScanAction.REPORT
    if register or install:
        action = ScanAction.REGISTER if register else ScanAction.INSTALL
    with _Ticker(is_shown=not session.quiet) as ticker:
        found = session.manager.installer.scanner.scan(
            what, layout=layout, action=action, link=link, watch=ticker.show
        )
        is_whole, telling = _through(session, found, ticker)
    if not session.json and not session.quiet:
        _tell_models(session, found.summary)
        _tell_rest(session, found.summary, telling)
        if is_whole and action is ScanAction.REPORT:
            _tell_next(session, what, found.summary)
    if not is_whole:
        statuses = found.summary.statuses
        done = statuses[ScanStatus.REGISTERED] + statuses[ScanStatus.INSTALLED]
        kept = f"; the {done:,} models that were {action}ed are kept" if done else ""
        session.say(f"\nInterrupted{kept}. The same command goes on with the rest.")
        return EXIT_INTERRUPTED
    return status_of(found.summary.failed, found.summary.candidates)


def sync(ctx: typer.Context, yes: Yes = False) -> int:
    """Bring the library in step with the disks: new files, moved ones, missing ones."""
    session = ctx.ensure_object(Session)
    with _Ticker(is_shown=not session.quiet) as ticker:

        def confirm(question: str) -> bool:
            ticker.clear()
            return yes or (session.can_ask and session.confirm(question))

        found = session.manager.installer.scanner.sync(confirm=confirm, watch=ticker.show)
        is_whole, telling = _through(session, found, ticker)
    if not session.json and not session.quiet:
        _tell_changes(session, found.summary)
        _tell_rest(session, found.summary, telling)
    if not is_whole:
        session.say("\nInterrupted; what was done is kept. The same command does the rest.")
        return EXIT_INTERRUPTED
    statuses = found.summary.statuses
    return EXIT_SOME_FAILED if statuses[ScanStatus.ERROR] or statuses[ScanStatus.HELD] else 0


class _Ticker:
    """A line on standard error that says how far a scan is; nothing where nobody sees it."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown and self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._last = 0.0

    def show(self, summary: ScanSummary) -> None:
        """Write the line anew, at most ten times a second."""
        now = time.monotonic()
        if not self._is_shown or now - self._last < 0.1:  # noqa: PLR2004 - as it says
            return
        self._last = now
        text = (
            f"{summary.files:,} files in {summary.folders:,} folders, {summary.candidates:,} models"
            f" looked at, {summary.headers:,} of them read"
        )
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _through(
    session: Session, found: Iterable[ScanFinding], ticker: _Ticker
) -> tuple[bool, dict[ScanStatus, list[ScanFinding]]]:
    """Print findings as they come; return whether that was all, and those that people hear of."""
    telling: dict[ScanStatus, list[ScanFinding]] = {status: [] for status in _TELLING}
    try:
        for finding in found:
            if session.json:
                ticker.clear()
                session.print_json(finding.to_json())
            elif session.quiet and finding.key:
                session.print(finding.key)
            kept = telling.get(finding.status)
            if kept is not None and len(kept) < _LISTED:
                kept.append(finding)
    except KeyboardInterrupt:
        return False, telling
    return True, telling


def _tell_models(session: Session, summary: ScanSummary) -> None:
    """Print the models by type and base, and what became of all candidates."""
    kinds = sorted(summary.kinds.items(), key=lambda item: (item[0][0], item[0][1]))
    if kinds:
        rows = [(type_label(t), base_label(b), f"{count:,}") for (t, b), count in kinds]
        table(session, ("TYPE", "BASE", "MODELS"), rows)
    words = (
        (ScanStatus.FOUND, "not in the library"),
        (ScanStatus.REGISTERED, "registered"),
        (ScanStatus.INSTALLED, "installed"),
        (ScanStatus.KNOWN, "in the library already"),
        (ScanStatus.UNKNOWN, "unknown"),
        (ScanStatus.ERROR, "with an error"),
    )
    counts = [f"{n:,} {word}" for status, word in words if (n := summary.statuses[status])]
    session.print(f"{summary.files:,} files: {', '.join(counts) or 'no models'}")
    if summary.bytes:
        session.print(f"New models have {size_text(summary.bytes)}.")


def _tell_changes(session: Session, summary: ScanSummary) -> None:
    words = (
        (ScanStatus.REGISTERED, "registered"),
        (ScanStatus.MOVED, "found again elsewhere"),
        (ScanStatus.PRESENT, "back"),
        (ScanStatus.MISSING, "missing now"),
        (ScanStatus.CHANGED, "changed"),
    )
    counts = [f"{n:,} {word}" for status, word in words if (n := summary.statuses[status])]
    session.print(f"{summary.files:,} files: {', '.join(counts) or 'nothing changed'}")


def _tell_rest(
    session: Session, summary: ScanSummary, telling: dict[ScanStatus, list[ScanFinding]]
) -> None:
    """Print what people have to look at, and what was skipped and why."""
    for status, findings in telling.items():
        for finding in findings:
            session.print(f"{status}: {shown(finding.path)}")
            session.print(f"  {one_line(_without_path(finding))}")
            if finding.hint:
                session.print(f"  {one_line(finding.hint)}")
        if (more := summary.statuses[status] - len(findings)) > 0:
            session.print(f"{status}: {more:,} more; --json lists all")
    skipped = Counter(summary.skipped).most_common()
    if skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped)
        session.print(f"Skipped: {reasons}")
    shown_now = summary.remarks if session.verbose else summary.remarks[:_FEW_REMARKS]
    for remark in shown_now:
        session.say(remark)
    if (more := len(summary.remarks) - len(shown_now)) > 0:
        session.say(f"{more:,} more of this kind; -v shows them.")


def _without_path(finding: ScanFinding) -> str:
    for path in (shown(finding.path), str(finding.path)):
        if finding.error.startswith(f"{path} "):
            return finding.error.removeprefix(f"{path} ")
    return finding.error


def _tell_next(session: Session, what: str | None, summary: ScanSummary) -> None:
    if summary.statuses[ScanStatus.FOUND]:
        name = f" {shown(what)}" if what else ""
        session.say(f"Record them where they are: modelkeep scan{name} --register")
        session.say(f"Copy them into the library: modelkeep scan{name} --install")

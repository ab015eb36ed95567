"""``identify``: say what models are, changing nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.app.outcomes import exit_status_of
from modelkeep.app.text import source_text
from modelkeep.cli.options import VerifyOption
from modelkeep.cli.progress import Bar, ByteCount, StatusLine
from modelkeep.cli.session import Session
from modelkeep.core.hashing import Progress

if TYPE_CHECKING:
    from modelkeep.app.identify import IdentifyResult

#: In place of a source: their names come on standard input.
_STANDARD_INPUT = "-"


def identify(
    ctx: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Model file or folder, URL, model page, or ORG/REPO; - reads them from standard"
            " input, one a line.",
            show_default=False,
        ),
    ],
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show the evidence, and the nearest other rules; all rules with --verbose.",
        ),
    ] = False,
    hash_: Annotated[
        bool,
        typer.Option(
            "--hash",
            help="Also read files of this disk whole: their sha256 may be that of a published"
            " model.",
        ),
    ] = False,
    verify: VerifyOption = None,
) -> int:
    """Show what models are, from headers and configs alone; nothing is changed or run."""
    from modelkeep.app.identify import answer as identify_one
    from modelkeep.app.tally import Tally

    session, tally = ctx.ensure_object(Session), Tally()
    if verify is not None:
        session.options["verify"] = verify
    # One after the other: of 3,000 files, two threads took 23 to 25 s, two processes 23 to 33 s and
    # this 21 to 24 s, on two cores that others used too. With nothing of the files in memory, 250
    # took 2.5 s in each way, also with eight threads; 600 took 17 s, and 28 s with two processes
    # while others kept both cores busy. So results are never held back either.
    with StatusLine(is_shown=not session.quiet) as status:
        for source in _named(sources):
            _draw(status, tally.total, None if _STANDARD_INPUT in sources else len(sources))
            with Bar(source, is_shown=hash_ and not session.quiet) as bar:
                reading = _reading(source, bar) if hash_ else None
                answer = identify_one(session.manager, source, explain=explain, hash_with=reading)
            tally.add(answer)
            status.hide()
            _print(session, answer, explain=explain)
    if tally.total != 1:
        session.say(str(tally))
    return exit_status_of(tally.not_identified, tally.total)


def _named(words: Iterable[str]) -> Iterator[str]:
    """Yield the sources in their order; standard input is read as far as it is needed."""
    for word in words:
        if word != _STANDARD_INPUT:
            yield word
            continue
        for line in sys.stdin.buffer:
            if name := line.rstrip(b"\r\n"):
                yield os.fsdecode(name)


def _draw(status: StatusLine, done: int, total: int | None) -> None:
    if total != 1:
        of = "" if total is None else f" of {total:,}"
        status.draw(lambda _: f"{done:,}{of} identified")


def _reading(source: str, bar: Bar) -> Progress:
    """Return what draws how much of a file is read."""
    path = Path(source).expanduser()
    return ByteCount(bar, path.stat().st_size if path.is_file() else 0).add


def _print(session: Session, answer: IdentifyResult, *, explain: bool) -> None:
    if session.json:
        session.print_json(answer.to_json())
        return
    if answer.error is not None:
        session.report(answer.error, source_text(answer.source))
    else:
        session.print(str(answer))
    for line in answer.reasons(is_whole=session.verbose) if explain else ():
        session.print(line)

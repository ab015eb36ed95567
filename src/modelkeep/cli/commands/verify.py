"""``verify``: read models whole and compare their hashes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.app.outcomes import exit_status_of
from modelkeep.app.text import time_text
from modelkeep.cli.options import AllModels, OptionalModels, parse_rate, parse_span
from modelkeep.cli.progress import Bar, ByteCount
from modelkeep.cli.session import Session
from modelkeep.core.names import counted
from modelkeep.errors import UsageError

if TYPE_CHECKING:
    from modelkeep.app.verify import SweepOptions
    from modelkeep.library.verify import ModelCheck, Verdict


def verify(
    ctx: typer.Context,
    models: OptionalModels = None,
    all_: AllModels = False,
    new: Annotated[
        bool, typer.Option("--new", help="With --all: only those whose hash is not known.")
    ] = False,
    max_age: Annotated[
        float | None,
        typer.Option(
            parser=parse_span,
            metavar="SPAN",
            help="With --all: only those that were not read for this long, such as 30d.",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="With --all: do not continue an interrupted run.")
    ] = False,
    limit_rate: Annotated[
        float | None,
        typer.Option(
            parser=parse_rate,
            metavar="RATE",
            help="Maximum read rate in bytes per second, such as 100M.",
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept the current contents of these models.")
    ] = False,
) -> int:
    """Read every byte of models and compare their hashes with the recorded ones."""
    from modelkeep.app.verify import SweepOptions

    session = ctx.ensure_object(Session)
    if bool(models) == all_:
        raise UsageError("Name models, or pass --all")
    if accept and all_:
        raise UsageError("--accept needs model names", hint="Check each one first.")
    if not all_ and (new or restart or max_age is not None):
        raise UsageError("--new, --max-age and --restart need --all", hint="Add --all.")
    if models:
        return _verify_named(session, models, limit_rate, accept=accept)
    return _verify_all(session, SweepOptions(new, max_age, restart), limit_rate)


def _verify_named(
    session: Session, models: list[str], limit_rate: float | None, *, accept: bool
) -> int:
    from modelkeep.app.verify import verify as verify_one

    bad = 0

    def one(name: str) -> None:
        nonlocal bad
        found = session.manager.find(name)
        with Bar(found.name, is_shown=not session.quiet) as bar:
            count = ByteCount(bar, found.size or 0)
            check = verify_one(
                session.manager, found, accept=accept, limit_rate=limit_rate, progress=count.add
            )
        bad += not check.is_well
        _print(session, check, is_brief=False)

    return exit_status_of(session.each(models, one) + bad, len(models))


def _verify_all(session: Session, options: SweepOptions, limit_rate: float | None) -> int:
    from modelkeep.app.verify import checks, sweep, swept_text

    found = sweep(session.manager, options)
    if found.done:
        began = time_text(found.began_at)
        done = counted(found.done, "model")
        session.say(f"Continuing the run of {began}; {done} read so far.")
    failed = 0
    verdicts: Counter[Verdict] = Counter()
    with Bar("verify", is_shown=not session.quiet) as bar:
        count = ByteCount(bar, found.size)
        each = checks(found, limit_rate=limit_rate, progress=count.add, settle=count.settle)
        for check in each:
            verdicts[check.verdict] += 1
            failed += not check.is_well
            bar.hide()
            _print(session, check, is_brief=not session.verbose)
    session.say(swept_text(verdicts))
    return exit_status_of(failed, verdicts.total())


def _print(session: Session, check: ModelCheck, *, is_brief: bool) -> None:
    from modelkeep.app.verify import advice_for, text_of

    if session.json:
        session.print_json(check.to_json())
    elif session.quiet:
        if not check.is_well:
            session.print(check.key)
    elif not (is_brief and check.is_well):
        session.print(text_of(check, verbose=session.verbose))
        if advice := advice_for(check):
            session.say(advice)

"""``verify``: read models whole and compare their hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.amounts import parse_rate, parse_span
from modelkeep.cli.output import Bar, time_text
from modelkeep.cli.session import Session
from modelkeep.cli.words import complete_model, status_of
from modelkeep.core.hashing import Progress
from modelkeep.errors import ModelKeepError, UsageError

if TYPE_CHECKING:
    from modelkeep.care.sweep import Target
    from modelkeep.library.verify import ModelCheck

_WORDS = {"new": "ok, first time: its hash is known from now on"}


def verify(
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
    new: Annotated[
        bool, typer.Option("--new", help="With --all: only those whose hash is not known.")
    ] = False,
    max_age: Annotated[
        float | None,
        typer.Option(
            parser=parse_span,
            metavar="SPAN",
            help="With --all: only those that were not read for so long, such as 30d.",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="With --all: from the beginning, also after Ctrl-C.")
    ] = False,
    limit_rate: Annotated[
        float | None,
        typer.Option(parser=parse_rate, metavar="RATE", help="Bytes a second, such as 100M."),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the bytes of these models for right as they are.")
    ] = False,
) -> int:
    """Read every byte of models and compare their hashes with those that were recorded."""
    session = ctx.ensure_object(Session)
    if bool(models) == all_:
        raise UsageError("Say which models", hint="Name some, or all of them with --all.")
    if accept and all_:
        raise UsageError("--accept takes models by name", hint="Look at each one first.")
    if not all_ and (new or restart or max_age is not None):
        raise UsageError("--new, --max-age and --restart go with --all", hint="Add --all.")
    pace = _pace(limit_rate)
    if models:
        return _verify_named(session, models, pace, accept=accept)
    return _verify_all(session, pace, only_new=new, max_age=max_age, afresh=restart)


def _pace(limit_rate: float | None) -> Callable[[Progress], Progress]:
    from modelkeep.care.throttle import TokenBucket, at_most

    bucket = TokenBucket(limit_rate) if limit_rate else None
    return lambda progress: at_most(bucket, progress)


def _verify_named(
    session: Session, models: list[str], pace: Callable[[Progress], Progress], *, accept: bool
) -> int:
    from modelkeep.library.verify import verify_model

    library = session.manager.installer.library
    failed = 0
    for name in models:
        try:
            found = session.manager.find(name)
            with Bar(found.name, is_shown=not session.quiet) as bar:
                count = _Count(bar, found.size or 0)
                check = verify_model(library, found.key, pace(count.add), accept=accept)
        except ModelKeepError as error:
            failed += 1
            session.report(error, name)
            continue
        failed += not check.is_well
        _tell(session, check, is_brief=False)
    return status_of(failed, len(models))


def _verify_all(
    session: Session,
    pace: Callable[[Progress], Progress],
    *,
    only_new: bool,
    max_age: float | None,
    afresh: bool,
) -> int:
    from modelkeep.care.sweep import Sweep

    library = session.manager.installer.library
    sweep = Sweep(library, only_new=only_new, max_age=max_age, afresh=afresh)
    if sweep.done:
        began = time_text(sweep.began_at)
        session.say(f"Going on where it was interrupted: {sweep.done} model(s) since {began}.")
    total = failed = 0
    with Bar("verify", is_shown=not session.quiet) as bar:
        count = _Count(bar, sweep.size)
        for check in _counted(sweep.checks(pace(count.add)), count):
            total += 1
            failed += not check.is_well
            bar.hide()
            _tell(session, check, is_brief=not session.verbose)
    session.say(f"{total} model(s) read, {total - failed} in order, {failed} not.")
    return status_of(failed, total)


def _counted(checks: Iterable[tuple[Target, ModelCheck]], count: _Count) -> Iterator[ModelCheck]:
    for target, check in checks:
        count.settle(target.size)
        yield check


class _Count:
    """Draws how many bytes were read, also past models of which none could be."""

    def __init__(self, bar: Bar, total: int) -> None:
        self._bar = bar
        self._total = total
        self._settled = 0
        self._read = 0

    def add(self, count: int) -> None:
        """Count bytes of the model that is being read."""
        self._read += count
        self._bar.show(min(self._settled + self._read, self._total), self._total)

    def settle(self, size: int) -> None:
        """Count a model of ``size`` bytes as done."""
        self._settled += size
        self._read = 0


def _tell(session: Session, check: ModelCheck, *, is_brief: bool) -> None:
    if session.json:
        session.print_json(check.to_json())
        return
    if session.quiet:
        if not check.is_well:
            session.print(check.key)
        return
    if is_brief and check.is_well:
        return
    word = "changed, and accepted" if check.is_accepted else check.verdict.value
    read = sum(1 for file in check.files if file.found.blake3)
    session.print(f"{check.name} ({check.key[:8]}): {_WORDS.get(word, word)}")
    for file in check.files:
        if file.detail:
            session.print(f"  {file.detail}")
    if session.verbose:
        session.print(f"  {read} file(s) read")
    if check.verdict == "changed" and not check.is_accepted:
        session.say(
            f"  If you changed it yourself: modelkeep verify --accept {check.key[:8]};"
            " else get it again from where it came from."
        )

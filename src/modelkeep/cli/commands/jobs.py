"""``jobs`` and ``prune``: what every process on this root does and did."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of
from modelkeep.app.text import Table, time_text
from modelkeep.cli.commands.download import finish_downloads
from modelkeep.cli.commands.install import finish_jobs
from modelkeep.cli.options import BaseOption, JobIds, OptionalJobIds, TypeOption
from modelkeep.cli.session import Session
from modelkeep.core.names import size_text
from modelkeep.errors import ModelKeepError, UsageError
from modelkeep.jobs.states import Request

if TYPE_CHECKING:
    from modelkeep.jobs.kinds import AnyJob
    from modelkeep.jobs.rows import JobRow


def jobs(ctx: typer.Context) -> None:
    """List the installs and downloads of every process on this root, also of earlier runs."""
    session = ctx.ensure_object(Session)
    rows = session.manager.jobs.rows()
    if session.json:
        for row in rows:
            fields = asdict(row)
            del fields["owner"], fields["request"], fields["beat_at"]
            session.print_json({**fields, "details": json.loads(row.details)})
    elif session.quiet:
        for row in rows:
            session.print(str(row.id))
    elif rows:
        cells = [
            (str(r.id), r.kind, r.status, r.source, _done(r), time_text(r.created_at)) for r in rows
        ]
        titles = ("ID", "KIND", "STATUS", "SOURCE", "SIZE", "SINCE")
        session.print_table(Table.of(titles, cells))
        for row in rows:
            if row.error:
                session.print(f"{row.id}: {row.error}")
                if row.hint:
                    session.print(f"   {row.hint}")
    else:
        session.say("There are no jobs.")


def _done(row: JobRow) -> str:
    """Return the size of a job's files, and how much of it is there when that is not all."""
    size = size_text(row.total_bytes)
    if not row.bytes or row.bytes >= row.total_bytes:
        return size
    return f"{row.bytes / row.total_bytes:.0%} of {size}"


def pause(ctx: typer.Context, ids: JobIds) -> int:
    """Hold jobs until they are resumed, whichever process has them."""
    session = ctx.ensure_object(Session)
    return _each(session, ids, session.manager.jobs.pause, Request.PAUSE)


def cancel(ctx: typer.Context, ids: JobIds) -> int:
    """Stop jobs for good, whichever process has them; what they have copied is taken back."""
    session = ctx.ensure_object(Session)
    return _each(session, ids, session.manager.jobs.cancel, Request.CANCEL)


def resume(
    ctx: typer.Context,
    ids: OptionalJobIds = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that dead processes left behind.")
    ] = False,
) -> int:
    """Let paused jobs go on, or begin those again that a process left when it died."""
    session = ctx.ensure_object(Session)
    if everything == bool(ids):
        raise UsageError("Name jobs, or say --all", hint="modelkeep jobs lists them.")
    every = session.manager.jobs
    if everything:
        mine = every.take_over()
        if not mine:
            session.say("No job was left by a process that died.")
        return _see_through(session, mine)
    return _begin(session, ids or [], every.resume)


def retry(
    ctx: typer.Context, ids: JobIds, type_: TypeOption = None, base: BaseOption = None
) -> int:
    """Begin jobs again that failed or were cancelled; what they have fetched is used."""
    session = ctx.ensure_object(Session)
    told = {"type": type_, "base": base}
    changes = {name: value for name, value in told.items() if value is not None}
    every = session.manager.jobs
    return _begin(session, ids, lambda number: every.retry(number, changes))


def _begin(session: Session, ids: list[int], act: Callable[[int], AnyJob | None]) -> int:
    """Begin jobs and see those through that this process has now."""
    failed, mine = 0, []
    for number in ids:
        try:
            job = act(number)
        except ModelKeepError as error:
            failed += 1
            session.report(error, f"job {number}")
            continue
        if job is None:
            _tell(session, session.manager.jobs.wait_for(number, Request.RUN))
        else:
            mine.append(job)
    return max(exit_status_of(failed, len(ids)), _see_through(session, mine))


def _see_through(session: Session, jobs: Sequence[AnyJob]) -> int:
    """Wait for jobs that this process does now, tell what came of them, return the exit status."""
    by_kind: dict[str, list[Any]] = {}
    for job in jobs:
        by_kind.setdefault(session.manager.jobs.kind_of(job.id), []).append(job)
    status = 0
    for kind in sorted(by_kind):
        status = max(status, _FINISH.get(kind, _finish_others)(session, by_kind[kind]))
        if status == EXIT_INTERRUPTED:
            break
    return status


def _finish_others(session: Session, jobs: Sequence[AnyJob]) -> int:
    """Wait for jobs of kinds that tell nothing else; return the exit status."""
    every = session.manager.jobs
    try:
        every.wait()
    except KeyboardInterrupt:
        numbers = " ".join(str(job.id) for job in jobs)
        session.say(f"\nInterrupted. Go on with: modelkeep resume {numbers}")
        return EXIT_INTERRUPTED
    for job in jobs:
        if job.exception is not None:
            session.report(job.exception, f"job {job.id}")
        else:
            _tell(session, every.row(job.id))
    return exit_status_of(sum(job.exception is not None for job in jobs), len(jobs))


_FINISH: dict[str, Callable[[Session, Sequence[Any]], int]] = {
    "download": finish_downloads,
    "install": finish_jobs,
}


def _each(session: Session, ids: list[int], act: Callable[[int], JobRow], wanted: Request) -> int:
    failed = 0
    for number in ids:
        try:
            act(number)
            _tell(session, session.manager.jobs.wait_for(number, wanted))
        except ModelKeepError as error:
            failed += 1
            session.report(error, f"job {number}")
    return exit_status_of(failed, len(ids))


def _tell(session: Session, row: JobRow) -> None:
    if session.json:
        session.print_json({"id": row.id, "source": row.source, "status": row.status})
    elif session.quiet:
        session.print(str(row.id))
    else:
        session.print(f"{row.id}: {row.status}  {row.source}")


def prune(ctx: typer.Context) -> None:
    """Forget the jobs that have ended."""
    session = ctx.ensure_object(Session)
    count = session.manager.jobs.prune()
    if session.json:
        session.print_json({"pruned": count})
    else:
        session.say(f"Forgot {count} job(s).")

"""``jobs``, ``pause``, ``resume``, ``retry``, ``cancel``, ``prune``: jobs of every process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.app import jobs as job_queries
from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of
from modelkeep.cli.commands.download import finish_downloads
from modelkeep.cli.commands.install import finish_jobs
from modelkeep.cli.options import BaseOption, JobIds, OptionalJobIds, TypeOption
from modelkeep.cli.session import Session
from modelkeep.core.names import counted
from modelkeep.errors import UsageError

if TYPE_CHECKING:
    from modelkeep.jobs.kinds import AnyJob

_ABOUT = "job {}"


def jobs(ctx: typer.Context) -> None:
    """List the install and download jobs of every process on this root, and of earlier runs."""
    session = ctx.ensure_object(Session)
    found = job_queries.jobs(session.manager)
    session.show_all(found, lambda: job_queries.table(found), nothing="No jobs.")
    if not session.json and not session.quiet:
        for job in found:
            for note in job.notes:
                session.print(note)


def pause(ctx: typer.Context, ids: JobIds) -> int:
    """Pause jobs of any process until they are resumed."""
    return _each(ctx, ids, job_queries.pause)


def cancel(ctx: typer.Context, ids: JobIds) -> int:
    """Cancel jobs of any process and remove their partial files."""
    return _each(ctx, ids, job_queries.cancel)


def resume(
    ctx: typer.Context,
    ids: OptionalJobIds = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All jobs of processes that died.")
    ] = False,
) -> int:
    """Resume paused jobs and jobs of processes that died."""
    session = ctx.ensure_object(Session)
    if everything == bool(ids):
        raise UsageError("Name jobs, or pass --all", hint="List them with: modelkeep jobs")
    if everything:
        mine = session.manager.jobs.take_over()
        if not mine:
            session.say("No interrupted jobs.")
        return _see_through(session, mine)
    return _begin(session, ids or [], lambda n: job_queries.resume(session.manager, n))


def retry(
    ctx: typer.Context, ids: JobIds, type_: TypeOption = None, base: BaseOption = None
) -> int:
    """Restart failed or cancelled jobs, reusing their downloads."""
    session = ctx.ensure_object(Session)
    given = {"type": type_, "base": base}
    changes = {name: value for name, value in given.items() if value is not None}
    return _begin(session, ids, lambda n: job_queries.retry(session.manager, n, changes))


def prune(ctx: typer.Context) -> None:
    """Delete finished jobs from the list."""
    session = ctx.ensure_object(Session)
    count = session.manager.jobs.prune()
    if session.json:
        session.print_json({"pruned": count})
    else:
        session.say(f"Forgot {counted(count, 'job')}.")


def _each(ctx: typer.Context, ids: list[int], act: Callable[..., job_queries.JobStatus]) -> int:
    session = ctx.ensure_object(Session)
    failed = session.each(ids, lambda n: session.show(act(session.manager, n)), _ABOUT)
    return exit_status_of(failed, len(ids))


def _begin(
    session: Session, ids: list[int], act: Callable[[int], AnyJob | job_queries.JobStatus]
) -> int:
    """Start jobs and wait for those that this process has now."""
    mine: list[AnyJob] = []

    def one(number: int) -> None:
        job = act(number)
        if isinstance(job, job_queries.JobStatus):
            session.show(job)
        else:
            mine.append(job)

    failed = session.each(ids, one, _ABOUT)
    return max(exit_status_of(failed, len(ids)), _see_through(session, mine))


def _see_through(session: Session, jobs: Sequence[AnyJob]) -> int:
    """Wait for jobs of this process, print the results, return the exit status."""
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
    """Wait for jobs of other kinds; return the exit status."""
    try:
        session.manager.jobs.wait()
    except KeyboardInterrupt:
        numbers = " ".join(str(job.id) for job in jobs)
        session.say(f"\nInterrupted. Continue with: modelkeep resume {numbers}")
        return EXIT_INTERRUPTED
    failed = 0
    for job in jobs:
        if job.exception is not None:
            failed += 1
            session.report(job.exception, f"job {job.id}")
        else:
            session.show(job_queries.status(session.manager, job.id))
    return exit_status_of(failed, len(jobs))


_FINISH: dict[str, Callable[[Session, Sequence[Any]], int]] = {
    "download": finish_downloads,
    "install": finish_jobs,
}

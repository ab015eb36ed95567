"""``install``: put models into the library."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.cli.commands.planned import PlanToldError, plan_one
from modelkeep.cli.output import Bar
from modelkeep.cli.session import Session, message_of
from modelkeep.cli.words import (
    BaseOption,
    DryRun,
    Sources,
    ToOption,
    TypeOption,
    VerifyOption,
    named,
    status_of,
)
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import base_label, type_label
from modelkeep.errors import EXIT_INTERRUPTED, JobCancelledError, ModelKeepError, UsageError
from modelkeep.install.link import LinkMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.install.job import ModelInstallJob


def install(
    ctx: typer.Context,
    sources: Sources,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the record.")] = None,
    type_: TypeOption = None,
    base: BaseOption = None,
    variant: Annotated[
        str | None,
        typer.Option(metavar="VARIANT", help="What a main model was made for: inpaint, depth ..."),
    ] = None,
    inplace: Annotated[
        bool, typer.Option("--inplace", help="Record it where it is; copy nothing.")
    ] = False,
    link: Annotated[
        LinkMode | None,
        typer.Option(
            metavar="HOW",
            help="How files get into the library: copy (the default), move, hardlink or reflink.",
        ),
    ] = None,
    to: ToOption = None,
    verify: VerifyOption = None,
    dry_run: DryRun = False,
) -> int:
    """Put models into the library: copied (or linked, moved, in place), verified, remembered."""
    session = ctx.ensure_object(Session)
    if name is not None and len(sources) > 1:
        raise UsageError("--name fits one source only", hint="Install them one by one.")
    if inplace and link is not None:
        raise UsageError("--inplace and --link exclude each other", hint="Choose one of them.")
    if inplace and to is not None:
        raise UsageError("--inplace and --to exclude each other", hint="Choose one of them.")
    if verify is not None:
        session.options["verify"] = verify
    given: dict[str, Any] = {"name": name, "type": type_, "base": base, "variant": variant}
    overrides = {field: value for field, value in given.items() if value is not None}
    session.manager  # noqa: B018 - settings that cannot be used end all, not each source
    work = plan_one if dry_run else _install_one
    failed = 0
    for source in sources:
        try:
            is_interrupted = work(session, source, overrides, inplace=inplace, link=link, to=to)
        except KeyboardInterrupt:
            _take_back(session, source)
            return EXIT_INTERRUPTED
        except (PlanToldError, ModelKeepError, OSError) as error:
            failed += 1
            _tell_failed(session, source, error)
        else:
            if is_interrupted:
                session.say("\nInterrupted: the rest was not begun.")
                return EXIT_INTERRUPTED
    return status_of(failed, len(sources))


def _tell_failed(session: Session, source: str, error: Exception) -> None:
    if isinstance(error, PlanToldError):  # the plan is the result, and was printed
        error = error.error
    else:
        _result(session, source, "error", error=message_of(error))
    session.report(error, named(source))


def _take_back(session: Session, source: str) -> None:
    """Ctrl-C: nothing of the source in progress is kept, and its job ends before the program."""
    for job in session.manager.installer.list_jobs():
        if not job.in_terminal_state:
            job.cancel()
    _result(session, source, "cancelled")
    session.say(f"\nInterrupted: {printable(source)} was taken back, the rest not begun.")


def _install_one(
    session: Session,
    source: str,
    overrides: dict[str, Any],
    *,
    inplace: bool,
    link: LinkMode | None,
    to: str | None,
) -> bool:
    """Install a source; return whether Ctrl-C came too late to take it back."""
    from modelkeep.sources.parse import parse_local

    installer = session.manager.installer
    job = installer.import_model(parse_local(source, inplace=inplace), overrides, link=link, to=to)
    is_interrupted = _see_through(session, source, job)
    if job.same_as and overrides:
        names = ", ".join(f"--{name}" for name in overrides)
        session.say(f"{names} was not applied: change it with modelkeep edit {job.same_as[:8]}")
    return is_interrupted


def _see_through(session: Session, source: str, job: ModelInstallJob) -> bool:
    """Wait for a job and tell what came of it; return whether Ctrl-C came too late."""
    is_interrupted = _wait(session, job)
    if job.cancelled and is_interrupted:
        raise KeyboardInterrupt
    if job.cancelled:
        raise JobCancelledError(
            f"The install of {printable(source)} was cancelled from elsewhere",
            hint=f"Begin it again with: modelkeep retry {job.id}",
        )
    if job.exception is not None or job.config_out is None:
        raise job.exception or ModelKeepError(f"The install of {printable(source)} did not end")
    _tell_installed(session, source, job.config_out, is_known=bool(job.same_as))
    return is_interrupted


def finish_jobs(session: Session, jobs: Sequence[ModelInstallJob]) -> int:
    """Wait for jobs that were begun again, tell what came of each, return the exit status."""
    failed = 0
    for job in jobs:
        source = str(job.source)
        try:
            if _see_through(session, source, job):
                return EXIT_INTERRUPTED
        except KeyboardInterrupt:
            _take_back(session, source)
            return EXIT_INTERRUPTED
        except (ModelKeepError, OSError) as error:
            failed += 1
            _tell_failed(session, source, error)
    return status_of(failed, len(jobs))


def _tell_installed(
    session: Session, source: str, record: ModelConfigBase, *, is_known: bool
) -> None:
    path = session.manager.installer.library.path_of(record)
    text = path_to_text(path)
    _result(session, source, "completed", key=record.key, path=text, is_known=is_known)
    if session.json or session.quiet:
        return
    if is_known:
        session.print(f"{printable(source)} is in the library already: {record.name} {record.key}")
        return
    session.print(f"{type_label(record.type)} for {base_label(record.base)}: {record.name}")
    session.print(f"  key   {record.key}")
    session.print(f"  path  {shown(path)} ({size_text(record.size)})")


def _wait(session: Session, job: ModelInstallJob) -> bool:
    """Wait for a job, drawing its progress; return whether Ctrl-C asked it to end."""
    is_interrupted = is_told = False
    with Bar(job.local_path.name, is_shown=not session.quiet) as bar:
        while not job.in_terminal_state:
            try:
                bar.show(job.bytes, job.total_bytes)
                if job.paused and not is_told:
                    session.say(f"\nPaused. Go on with: modelkeep resume {job.id}")
                is_told = job.paused
                time.sleep(0.01)
            except KeyboardInterrupt:
                is_interrupted = True
                job.cancel()
    return is_interrupted


def _result(
    session: Session,
    source: str,
    status: str,
    *,
    key: str | None = None,
    path: str | None = None,
    error: str | None = None,
    is_known: bool = False,
) -> None:
    if session.json:
        session.print_json(
            {
                "source": named(source),
                "status": status,
                "key": key,
                "path": path,
                "already_there": is_known,
                "error": error,
            }
        )
    elif session.quiet and key:
        session.print(key)

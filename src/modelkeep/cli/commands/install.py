"""``install``: put models into the library."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of, message_of
from modelkeep.app.text import source_text
from modelkeep.cli.commands.fetching import begin_remote, leave_to_another
from modelkeep.cli.commands.planned import PlanToldError, plan_one
from modelkeep.cli.options import (
    BaseOption,
    DryRun,
    Sources,
    ToOption,
    TypeOption,
    VerifyOption,
    Yes,
)
from modelkeep.cli.progress import Bar
from modelkeep.cli.session import Session
from modelkeep.cli.tokens import read_token
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import type_label
from modelkeep.errors import JobCancelledError, ModelKeepError, UsageError
from modelkeep.identification.known_families import base_label
from modelkeep.library.destination import LinkMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.install.job import ModelInstallJob
    from modelkeep.sources.string_like import StringLikeSource


NameOption = Annotated[str | None, typer.Option(metavar="NAME", help="Name of the record.")]
VariantOption = Annotated[
    str | None,
    typer.Option(metavar="VARIANT", help="What a main model was made for: inpaint, depth ..."),
]
InplaceOption = Annotated[
    bool, typer.Option("--inplace", help="Record it where it is; copy nothing.")
]
LinkOption = Annotated[
    LinkMode | None,
    typer.Option(
        metavar="HOW",
        help="How files get into the library: copy (the default), move, hardlink or reflink.",
    ),
]
SubfolderOption = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="Only this folder of a repository, or this file."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        metavar="TOKEN",
        help="For the site, this once: - reads it from standard input, @FILE from a file.",
    ),
]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Leave it to a process of its own; see modelkeep jobs.")
]


def install(
    ctx: typer.Context,
    sources: Sources,
    name: NameOption = None,
    type_: TypeOption = None,
    base: BaseOption = None,
    variant: VariantOption = None,
    inplace: InplaceOption = False,
    link: LinkOption = None,
    to: ToOption = None,
    subfolder: SubfolderOption = None,
    token: TokenOption = None,
    yes: Yes = False,
    no_wait: NoWaitOption = False,
    verify: VerifyOption = None,
    dry_run: DryRun = False,
) -> int:
    """Put models into the library: fetched, copied, linked or in place; verified, remembered."""
    session = ctx.ensure_object(Session)
    if name is not None and len(sources) > 1:
        raise UsageError("--name fits one source only", hint="Install them one by one.")
    for option, value in {"--link": link, "--to": to}.items():
        if inplace and value is not None:
            raise UsageError(
                f"--inplace and {option} exclude each other", hint="Choose one of them."
            )
    if verify is not None:
        session.options["verify"] = verify
    given: dict[str, Any] = {"name": name, "type": type_, "base": base, "variant": variant}
    overrides = {field: value for field, value in given.items() if value is not None}
    session.manager  # noqa: B018 - settings that cannot be used end all, not each source
    secret = read_token(session, token)
    asked = _Asked(overrides, inplace, link, to, subfolder, secret, yes, dry_run, no_wait)
    try:
        return exit_status_of(_install_all(session, sources, asked), len(sources))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


@dataclass(frozen=True)
class _Asked:
    """What was asked for, beside the sources."""

    overrides: dict[str, Any]
    inplace: bool
    link: LinkMode | None
    to: str | None
    subfolder: str | None
    token: str | None = field(repr=False)
    yes: bool
    dry_run: bool
    no_wait: bool


def _install_all(session: Session, sources: Sequence[str], asked: _Asked) -> int:
    """Do what is asked for with all sources; return how many failed.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C; said what is kept.
    """
    failed = 0
    fetching: list[tuple[str, ModelInstallJob]] = []
    for source in sources:
        try:
            job = _begin(session, source, asked)
        except KeyboardInterrupt:
            _roll_back(session, source)
            raise
        except _TooLateError as error:
            session.say("\nInterrupted: the rest was not begun.")
            raise KeyboardInterrupt from error
        except (PlanToldError, ModelKeepError, OSError) as error:
            failed += 1
            _tell_failed(session, source, error)
        else:
            fetching += [(source, job)] if job is not None else []
    return failed + _see_all(session, fetching)


class _TooLateError(Exception):
    """Ctrl-C came when a model was recorded already."""


def _begin(session: Session, source: str, asked: _Asked) -> ModelInstallJob | None:
    """Do what is asked for with one source; return the job of one that is being fetched.

    Raises:
        PlanToldError: its plan was printed, and says why it cannot be carried out.
        ModelKeepError: it cannot be installed.
    """
    from modelkeep.sources.local import LocalModelSource

    parsed = session.manager.parse(
        source, inplace=asked.inplace, subfolder=asked.subfolder, token=asked.token
    )
    is_local = isinstance(parsed, LocalModelSource)
    if not is_local and (asked.inplace or asked.link is not None):
        option = "--inplace" if asked.inplace else "--link"
        raise UsageError(
            f"{option} is for models on this disk; {source_text(source)} is on the network",
            hint="Leave it out: what is fetched goes into the library.",
        )
    if asked.dry_run:
        plan_one(session, parsed, asked.overrides, link=asked.link, to=asked.to)
    elif asked.no_wait:
        number = leave_to_another(session, parsed, asked.overrides, link=asked.link, to=asked.to)
        _result(session, source, "waiting", job=number)
        session.say(f"Job {number}: modelkeep jobs says how it goes.")
    elif is_local:
        _install_local(session, source, parsed, asked)
    else:
        return begin_remote(session, parsed, asked.overrides, to=asked.to, yes=asked.yes)
    return None


def _tell_failed(session: Session, source: str, error: Exception) -> None:
    if isinstance(error, PlanToldError):  # the plan is the result, and was printed
        error = error.error
    else:
        _result(session, source, "error", error=message_of(error))
    session.report(error, source_text(source))


def _roll_back(session: Session, source: str) -> None:
    """Ctrl-C: of a local source in progress nothing is kept; its job ends before the program."""
    for job in session.manager.installer.list_jobs():
        if job.is_local and not job.in_terminal_state:
            job.cancel()
    _result(session, source, "cancelled")
    session.say(f"\nInterrupted: {source_text(source)} was taken back, the rest not begun.")


def _install_local(session: Session, source: str, parsed: StringLikeSource, asked: _Asked) -> None:
    """Install a source from this disk.

    Raises:
        _TooLateError: Ctrl-C came too late to take it back.
    """
    job = session.manager.installer.import_model(
        parsed, asked.overrides, link=asked.link, to=asked.to
    )
    is_interrupted = _see_through(session, source, job)
    if is_interrupted:
        raise _TooLateError


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
    if job.same_as and job.config_in:
        names = ", ".join(f"--{name}" for name in job.config_in)
        session.say(f"{names} was not applied: change it with modelkeep edit {job.same_as[:8]}")
    return is_interrupted


def finish_jobs(session: Session, jobs: Sequence[ModelInstallJob]) -> int:
    """Wait for jobs that were begun again, tell what came of each, return the exit status."""
    try:
        failed = _see_all(session, [(str(job.source), job) for job in jobs])
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return exit_status_of(failed, len(jobs))


def _see_all(session: Session, jobs: Sequence[tuple[str, ModelInstallJob]]) -> int:
    """Wait for jobs and tell what came of each; return how many failed.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C; said what is kept.
    """
    failed = 0
    for source, job in jobs:
        try:
            is_late = _see_through(session, source, job)
        except KeyboardInterrupt:
            if job.is_local:
                _roll_back(session, source)
            else:
                _put_down(session, [job for _, job in jobs if not job.in_terminal_state])
            raise
        except (ModelKeepError, OSError) as error:
            failed += 1
            _tell_failed(session, source, error)
        else:
            if is_late:
                raise KeyboardInterrupt
    return failed


def _put_down(session: Session, jobs: Sequence[ModelInstallJob]) -> None:
    """Ctrl-C: what has come of models of sites is kept for the next time."""
    session.manager.installer.stop()
    numbers = " ".join(str(job.id) for job in jobs if not job.complete)
    for job in jobs:
        _result(session, str(job.source), "completed" if job.complete else "interrupted")
    if numbers:
        session.say(f"\nInterrupted: what has come is kept. Go on with: modelkeep resume {numbers}")


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
    """Wait for a job, drawing its progress; return whether Ctrl-C asked it to end.

    Raises:
        KeyboardInterrupt: Ctrl-C, and it is from the network: it is not taken back.
    """
    is_interrupted = is_told = False
    label = job.local_path.name if job.is_local else job.remote.name if job.remote else "install"
    with Bar(label, is_shown=not session.quiet) as bar:
        while not job.is_settled:
            try:
                connections = sum(part.connections for part in set(job.download_parts))
                also = f"{connections} connections" if connections > 1 else ""
                bar.show(job.bytes, job.total_bytes, also=also)
                if job.paused and not is_told:
                    session.say(f"\nPaused. Go on with: modelkeep resume {job.id}")
                is_told = job.paused
                time.sleep(0.01)
            except KeyboardInterrupt:
                if not job.is_local:
                    raise
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
    job: int | None = None,
) -> None:
    if session.json:
        session.print_json(
            {
                "source": source_text(source),
                "status": status,
                "key": key,
                "path": path,
                "already_there": is_known,
                "error": error,
                **({"job": job} if job is not None else {}),
            }
        )
    elif session.quiet and key:
        session.print(key)

"""``install``: put models into the library."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.app.outcomes import EXIT_INTERRUPTED, exit_status_of
from modelkeep.app.text import source_text
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
from modelkeep.core.names import size_text
from modelkeep.errors import JobCancelledError, ModelKeepError, UsageError
from modelkeep.library.destination import LinkMode

if TYPE_CHECKING:
    from modelkeep.app.install import InstallResult
    from modelkeep.app.plan import InstallRequest, PlannedInstall
    from modelkeep.install.job import ModelInstallJob
    from modelkeep.sources.string_like import StringLikeSource

NameOption = Annotated[str | None, typer.Option(metavar="NAME", help="Name of the record.")]
VariantOption = Annotated[
    str | None,
    typer.Option(metavar="VARIANT", help="What a main model was made for: inpaint, depth ..."),
]
InplaceOption = Annotated[
    bool, typer.Option("--inplace", help="Register it where it is, without copying.")
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
    typer.Option(metavar="FOLDER", help="Only this folder or file of a repository."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        metavar="TOKEN",
        help="Token for the site, not stored: - reads standard input, @FILE a file.",
    ),
]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Run it in a background process; see modelkeep jobs.")
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
    """Put models into the library: download, copy, link or register in place; verify, identify."""
    from modelkeep.app.plan import InstallRequest

    session = ctx.ensure_object(Session)
    if name is not None and len(sources) > 1:
        raise UsageError("--name works with one source only", hint="Install them one at a time.")
    if name is not None and not name.strip():
        raise UsageError("A name cannot be empty", hint="For example: --name 'My model'")
    if verify is not None:
        session.options["verify"] = verify
    given: dict[str, Any] = {"name": name, "type": type_, "base": base, "variant": variant}
    overrides = {field: value for field, value in given.items() if value is not None}
    request = InstallRequest(overrides, inplace, link, to, subfolder)
    session.manager  # noqa: B018 - settings that cannot be used end all, not each source
    request = dataclasses.replace(request, token=read_token(session, token))
    run = _InstallRun(session, request, yes=yes, dry_run=dry_run, no_wait=no_wait)
    try:
        return exit_status_of(run.install(sources), len(sources))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def finish_jobs(session: Session, jobs: Sequence[ModelInstallJob]) -> int:
    """Wait for jobs that were started again, print the results, return the exit status."""
    try:
        failed = _finish(session, [(str(job.source), job) for job in jobs])
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return exit_status_of(failed, len(jobs))


class _TooLateError(Exception):
    """Raised when Ctrl-C came after the model was recorded."""


class _RefusedError(Exception):
    """Raised after printing a plan that cannot be carried out."""

    def __init__(self, error: ModelKeepError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class _InstallRun:
    """One run of the command."""

    session: Session
    request: InstallRequest
    yes: bool
    dry_run: bool
    no_wait: bool

    def install(self, sources: Sequence[str]) -> int:
        """Do what is asked for with all sources; return how many failed.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed; the message about kept data was printed.
        """
        failed = 0
        downloading: list[tuple[str, ModelInstallJob]] = []
        for source in sources:
            try:
                job = self._begin(source)
            except KeyboardInterrupt:
                _take_back(self.session, source)
                raise
            except _TooLateError as error:
                self.session.say("\nInterrupted. The remaining sources were not started.")
                raise KeyboardInterrupt from error
            except (_RefusedError, ModelKeepError, OSError) as error:
                failed += 1
                _print_failed(self.session, source, error)
            else:
                downloading += [(source, job)] if job is not None else []
        return failed + _finish(self.session, downloading)

    def _begin(self, source: str) -> ModelInstallJob | None:
        """Do what is asked for with one source; return the job of one that is being downloaded.

        Raises:
            _RefusedError: its plan was printed, and says why it cannot be carried out.
            ModelKeepError: it cannot be installed.
            _TooLateError: Ctrl-C came too late to take it back.
        """
        from modelkeep.app import install as installing
        from modelkeep.app.plan import parse, plan
        from modelkeep.sources.local import LocalModelSource

        session, request = self.session, self.request
        parsed = parse(session.manager, source, request)
        if self.dry_run:
            planned = plan(session.manager, parsed, request)
            _print_answer(session, planned)
            if planned.plan.refusal is not None:
                raise _RefusedError(planned.plan.refusal)
        elif self.no_wait:
            number = installing.leave(session.manager, parsed, request)
            _print_answer(session, installing.InstallResult(source, "waiting", job=number))
            session.say(f"Job {number}: follow it with modelkeep jobs.")
        elif not isinstance(parsed, LocalModelSource):
            return self._begin_remote(parsed)
        elif _see_through(session, source, installing.begin(session.manager, parsed, request)):
            raise _TooLateError
        return None

    def _begin_remote(self, source: StringLikeSource) -> ModelInstallJob:
        """Show what an install would do, ask for confirmation, and start it."""
        from modelkeep.app import install as installing

        session, request = self.session, self.request
        plan = session.manager.installer.plan(source, request.overrides, to=request.to)
        if not session.json:
            session.say(str(plan))
        if plan.refusal is not None:
            raise plan.refusal
        is_asked = not (self.yes or plan.same_as is not None or session.json or session.quiet)
        if is_asked and session.can_ask:
            size = size_text(plan.total_bytes) if plan.total_bytes is not None else "a file"
            if not session.confirm(f"Download {size}?"):
                raise JobCancelledError(
                    "Nothing was downloaded", hint="Use --yes to install without asking."
                )
        return installing.begin(session.manager, source, request, plan)


def _see_through(session: Session, source: str, job: ModelInstallJob) -> bool:
    """Wait for a job and print the result; return whether Ctrl-C came too late."""
    from modelkeep.app.install import not_applied, result_of

    is_interrupted = _wait(session, job)
    if job.cancelled and is_interrupted:
        raise KeyboardInterrupt
    _print_answer(session, result_of(session.manager, source, job))
    for note in not_applied(job):
        session.say(note)
    return is_interrupted


def _finish(session: Session, jobs: Sequence[tuple[str, ModelInstallJob]]) -> int:
    """Wait for jobs and print the results; return how many failed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the message about kept data was printed.
    """
    failed = 0
    for source, job in jobs:
        try:
            is_late = _see_through(session, source, job)
        except KeyboardInterrupt:
            if job.is_local:
                _take_back(session, source)
            else:
                _keep(session, [job for _, job in jobs if not job.in_terminal_state])
            raise
        except (ModelKeepError, OSError) as error:
            failed += 1
            _print_failed(session, source, error)
        else:
            if is_late:
                raise KeyboardInterrupt
    return failed


def _take_back(session: Session, source: str) -> None:
    """Ctrl-C: of a local source in progress nothing is kept; its job ends before the program."""
    from modelkeep.app.install import InstallResult

    for job in session.manager.installer.list_jobs():
        if job.is_local and not job.in_terminal_state:
            job.cancel()
    _print_answer(session, InstallResult(source, "cancelled"))
    session.say(
        f"\nInterrupted: {source_text(source)} was rolled back. The remaining sources were not "
        "started."
    )


def _keep(session: Session, jobs: Sequence[ModelInstallJob]) -> None:
    """Ctrl-C: what was downloaded of models of sites is kept for the next time."""
    from modelkeep.app.install import InstallResult

    session.manager.installer.stop()
    numbers = " ".join(str(job.id) for job in jobs if not job.complete)
    for job in jobs:
        status = "completed" if job.complete else "interrupted"
        _print_answer(session, InstallResult(str(job.source), status))
    if numbers:
        kept = "the downloaded data is kept"
        session.say(f"\nInterrupted; {kept}. Continue with: modelkeep resume {numbers}")


def _wait(session: Session, job: ModelInstallJob) -> bool:
    """Wait for a job, drawing its progress; return whether Ctrl-C asked it to end.

    Raises:
        KeyboardInterrupt: Ctrl-C, and it is from the network: it is not taken back.
    """
    is_interrupted = was_paused = False
    label = job.local_path.name if job.is_local else job.remote.name if job.remote else "install"
    with Bar(label, is_shown=not session.quiet) as bar:
        while not job.is_settled:
            try:
                connections = sum(part.connections for part in set(job.download_parts))
                also = f"{connections} connections" if connections > 1 else ""
                bar.show(job.bytes, job.total_bytes, also=also)
                if job.paused and not was_paused:
                    session.say_paused(job.id)
                was_paused = job.paused
                time.sleep(0.01)
            except KeyboardInterrupt:
                if not job.is_local:
                    raise
                is_interrupted = True
                job.cancel()
    return is_interrupted


def _print_failed(session: Session, source: str, error: Exception) -> None:
    from modelkeep.app.install import InstallResult

    if isinstance(error, _RefusedError):  # the plan is the result, and was printed
        error = error.error
    else:
        _print_answer(session, InstallResult(source, "error", error=error))
    session.report(error, source_text(source), in_json=False)


def _print_answer(session: Session, answer: InstallResult | PlannedInstall) -> None:
    """Print what has a text; what has none is in a message to people, and a line of JSON."""
    if session.json or session.quiet or str(answer):
        session.show(answer)

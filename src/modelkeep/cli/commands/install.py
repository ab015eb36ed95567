"""``install``: put models into the library."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.cli.output import Bar, size_text
from modelkeep.cli.session import Session, message_of
from modelkeep.cli.words import BaseOption, DryRun, Sources, TypeOption, status_of
from modelkeep.core.names import shown
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import base_label, type_label
from modelkeep.errors import EXIT_INTERRUPTED, ModelKeepError, UsageError
from modelkeep.install.link import LinkMode

if TYPE_CHECKING:
    from modelkeep.install.job import ModelInstallJob
    from modelkeep.install.plan import InstallPlan


def install(
    ctx: typer.Context,
    sources: Sources,
    name: Annotated[str | None, typer.Option(help="Name of the record.")] = None,
    type_: TypeOption = None,
    base: BaseOption = None,
    variant: Annotated[
        str | None, typer.Option(help="What a main model was made for: inpaint, depth ...")
    ] = None,
    inplace: Annotated[
        bool, typer.Option("--inplace", help="Record it where it is; copy nothing.")
    ] = False,
    link: Annotated[
        LinkMode | None,
        typer.Option(help="How files get into the library: copy (the default), move, ..."),
    ] = None,
    verify: Annotated[
        str | None, typer.Option(help="strict, warn or off; off takes empty weight files.")
    ] = None,
    dry_run: DryRun = False,
) -> int:
    """Put models into the library: copied (or linked, moved, in place), verified, remembered."""
    session = ctx.ensure_object(Session)
    if name is not None and len(sources) > 1:
        raise UsageError("--name fits one source only", hint="Install them one by one.")
    if inplace and link is not None:
        raise UsageError("--inplace and --link exclude each other", hint="Choose one of them.")
    if verify is not None:
        session.options["verify"] = verify
    given: dict[str, Any] = {"name": name, "type": type_, "base": base, "variant": variant}
    overrides = {field: value for field, value in given.items() if value is not None}
    work = _plan_one if dry_run else _install_one
    failed = 0
    for source in sources:
        try:
            work(session, source, overrides, inplace=inplace, link=link)
        except KeyboardInterrupt:
            _result(session, source, "cancelled")
            session.say(f"Interrupted: {printable(source)} was taken back, the rest not begun.")
            return EXIT_INTERRUPTED
        except (ModelKeepError, OSError) as error:
            failed += 1
            _result(session, source, "error", error=message_of(error))
            session.report(error, printable(source))
    return status_of(failed, len(sources))


def _install_one(
    session: Session,
    source: str,
    overrides: dict[str, Any],
    *,
    inplace: bool,
    link: LinkMode | None,
) -> None:
    from modelkeep.sources.parse import parse_source

    installer = session.manager.installer
    job = installer.import_model(parse_source(source, inplace=inplace), overrides, link=link)
    _wait(session, job)
    if job.cancelled:
        raise KeyboardInterrupt
    if job.exception is not None or job.config_out is None:
        raise job.exception or ModelKeepError(f"The install of {printable(source)} did not end")
    record = job.config_out
    path = session.manager.installer.library.path_of(record)
    _result(session, source, "completed", key=record.key, path=str(path), same=bool(job.same_as))
    if session.json or session.quiet:
        return
    if job.same_as:
        session.print(f"{printable(source)} is in the library already: {record.name} {record.key}")
        return
    session.print(f"{type_label(record.type)} for {base_label(record.base)}: {record.name}")
    session.print(f"  key   {record.key}")
    session.print(f"  path  {shown(path)} ({size_text(record.size)})")


def _wait(session: Session, job: ModelInstallJob) -> None:
    """Wait for a job, drawing its progress; Ctrl-C cancels it and waits for its end."""
    with Bar(job.local_path.name, is_shown=not session.quiet) as bar:
        while not job.in_terminal_state:
            try:
                bar.show(job.bytes, job.total_bytes)
                time.sleep(0.01)
            except KeyboardInterrupt:
                job.cancel()


def _plan_one(
    session: Session,
    source: str,
    overrides: dict[str, Any],
    *,
    inplace: bool,
    link: LinkMode | None,
) -> None:
    from modelkeep.sources.parse import parse_source

    parsed = parse_source(source, inplace=inplace)
    plan = session.manager.installer.plan(parsed, overrides, link=link)
    if session.json:
        session.print_json({**plan.to_json(), "status": "planned", "key": None, "error": None})
    else:
        for line in _plan_lines(plan):
            session.print(line)


def _plan_lines(plan: InstallPlan) -> list[str]:
    config = plan.config
    how = "recorded where it is" if plan.inplace else f"{plan.link} to {shown(plan.target)}"
    lines = [
        f"{plan.source}",
        f"  what    {type_label(config.type)} for {base_label(config.base)}, {config.format}",
        f"  name    {config.name}",
        f"  files   {len(plan.files)}, {size_text(plan.total_bytes)}",
        f"  where   {how}",
        f"  disk    {size_text(plan.needed_bytes)} needed, {size_text(plan.free_bytes)} free",
    ]
    return [*lines, *(f"  because {reason.detail}" for reason in config.evidence[:3])]


def _result(
    session: Session,
    source: str,
    status: str,
    *,
    key: str | None = None,
    path: str | None = None,
    error: str | None = None,
    same: bool = False,
) -> None:
    if session.json:
        session.print_json(
            {
                "source": printable(source),
                "status": status,
                "key": key,
                "path": path,
                "already_there": same,
                "error": error,
            }
        )
    elif session.quiet and key:
        session.print(key)

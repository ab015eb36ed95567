"""``root``: the folders of other programs and disks that hold models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.commands import scan
from modelkeep.cli.output import table
from modelkeep.cli.session import Session
from modelkeep.cli.words import Yes
from modelkeep.core.names import full_path, shown, size_text, text_to_path
from modelkeep.core.reading import printable
from modelkeep.core.roots import RootState
from modelkeep.errors import EXIT_FAILED, UsageError

if TYPE_CHECKING:
    from modelkeep.library.roots import RootRow, RootService

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the root.")]


def add(
    ctx: typer.Context,
    name: Name,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds models.")],
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="LAYOUT",
            help="Whose folder it is: comfyui, a1111, invokeai, hf-cache, plain ...;"
            " recognised when not given.",
        ),
    ] = None,
    readonly: Annotated[
        bool, typer.Option("--readonly", help="Never write in it, not even when asked.")
    ] = False,
    no_scan: Annotated[
        bool, typer.Option("--no-scan", help="Do not record the models in it now.")
    ] = False,
) -> int | None:
    """Register a folder and record the models in it where they are; nothing in it is changed."""
    session = ctx.ensure_object(Session)
    path = full_path(folder)
    chosen = _layout(path, layout) if path.is_dir() else "plain"
    count = _service(session).add(name, path, layout=chosen, readonly=readonly)
    [row] = [row for row in _service(session).rows() if row.name == name]
    if session.json:
        session.print_json(asdict(row))
    elif session.quiet:
        session.print(name)
    else:
        rights = ", read-only" if row.readonly else ""
        session.print(f"{name} is {shown(path)} ({chosen}{rights})")
        if count:
            session.print(f"  {count} model(s) recorded in it before belong to it now")
    return None if no_scan else scan.scan(ctx, name, register=True)


def list_roots(ctx: typer.Context) -> None:
    """List the roots: where they are, whether they are there, and what is in them."""
    session = ctx.ensure_object(Session)
    rows = _service(session).rows()
    if session.json:
        for row in rows:
            session.print_json(asdict(row))
    elif session.quiet:
        for row in rows:
            session.print(row.name)
    else:
        titles = ("NAME", "PATH", "LAYOUT", "STATE", "MODELS", "SIZE")
        table(session, titles, [_cells(row) for row in rows])
        for row in rows:
            if row.why:
                session.say(f"{row.name}: {row.why}")


def remove(
    ctx: typer.Context,
    name: Name,
    forget: Annotated[bool, typer.Option("--forget", help="Forget the records in it.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the records in it, with absolute paths.")
    ] = False,
) -> int | None:
    """Let go of a root; its files stay as they are."""
    session = ctx.ensure_object(Session)
    if forget and keep:
        raise UsageError("--forget and --keep exclude each other", hint="Choose one of them.")
    service = _service(session)
    count = next((row.models for row in service.rows() if row.name == name), 0)
    if count and not (forget or keep) and session.can_ask:
        question = f"Forget the {count} record(s) in {name}? Their files stay."
        if not session.confirm(question):
            session.say(f"Nothing was changed; --keep lets go of {name} and keeps the records.")
            return EXIT_FAILED
        forget = True
    service.remove(name, forget=forget, keep=keep)
    if session.json:
        session.print_json({"name": name, "forgotten": count if forget else 0})
    elif session.quiet:
        session.print(name)
    else:
        fate = f", {count} record(s) {'forgotten' if forget else 'kept'}" if count else ""
        session.print(f"{name} is no root any more{fate}; its files are as they were.")
    return None


def move(
    ctx: typer.Context,
    name: Name,
    folder: Annotated[
        Path, typer.Argument(metavar="NEWDIR", help="Where the files of the root are now.")
    ],
    yes: Yes = False,
) -> None:
    """Point a root to the folder that its files are in now; no file is touched."""
    session = ctx.ensure_object(Session)
    found = _service(session).move(name, folder, sure=yes)
    if session.json:
        session.print_json({"name": name, "path": str(full_path(folder)), "files_found": found})
    elif session.quiet:
        session.print(name)
    else:
        session.print(f"{name} is {shown(full_path(folder))}; {found} file(s) were found there.")


def _service(session: Session) -> RootService:
    from modelkeep.library.roots import RootService

    return RootService(session.manager.installer.library)


def _layout(folder: Path, named: str | None) -> str:
    from modelkeep.sources.layouts.layout import layout_named, load_layouts, recognise

    layouts = load_layouts()
    return (layout_named(named, layouts) if named else recognise(folder, layouts)).name


def _cells(row: RootRow) -> tuple[str, ...]:
    state = "offline" if row.state is RootState.OFFLINE else "online"
    return (
        row.name,
        shown(text_to_path(row.path)) if row.path else "(not registered)",
        printable(row.layout or "-"),
        f"{state}, read-only" if row.readonly else state,
        str(row.models),
        size_text(row.bytes),
    )
